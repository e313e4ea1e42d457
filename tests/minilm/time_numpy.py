"""Prints the median processor time in seconds of five float forward passes, one thread: python time_numpy.py FOLDER ID,ID,..."""
import json, sys, time

import run
import numpy as np

folder, ids = sys.argv[1], [int(word) for word in sys.argv[2].split(",")]
config = json.load(open(f"{folder}/config.json"))
w = {name: a.astype(np.float32) for name, a in run.load_file(f"{folder}/model.safetensors").items() if a.dtype.kind == "f"}
run.forward(ids, w, config)
times = []
for _ in range(5):
    start = time.process_time()
    run.forward(ids, w, config)
    times.append(time.process_time() - start)
print(sorted(times)[2])
