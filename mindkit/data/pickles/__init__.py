"""A pickle machine of our own: it makes plain data, imports nothing and calls only our functions.

`machine` holds the state and the loop, `numbers`, `texts`, `containers` and `calls` the opcodes,
`values`, `arrays` and `tensors` the functions that stand for the names a pickle may ask for.
"""
