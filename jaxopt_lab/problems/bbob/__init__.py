"""The 24 noiseless functions of BBOB, the Black-Box Optimisation Benchmark of COCO, in the five groups it has them in.

Each group is a file: the functions as in the report, and what they are made of. `factory` makes problems of them.
"""
