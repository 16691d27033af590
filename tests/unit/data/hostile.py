"""Pickles that ask for more than data, or claim what they do not hold; all must be refused.

What would run touches the file `canary` in the working folder.
"""

from __future__ import annotations

import pickle
import struct

CANARY = "canary"
COMMAND = f"touch {CANARY}"
TWO = b"\x80\x02"


def text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


LITTLE = text("<")


def number(value: int) -> bytes:
    return b"J" + struct.pack("<i", value) if abs(value) < 1 << 31 else f"L{value}L\n".encode()


def name(dotted: str) -> bytes:
    module, _, attribute = dotted.rpartition(".")
    return f"c{module}\n{attribute}\n".encode()


def made(items: bytes) -> bytes:
    """A tuple of what `items` push."""
    return b"(" + items + b"t"


def call(dotted: str, *arguments: bytes) -> bytes:
    return name(dotted) + made(b"".join(arguments)) + b"R"


def dtype(spec: str, *, state: bytes = b"") -> bytes:
    """A dtype as numpy pickles it; `state` stands for the eight parts of its state."""
    plain = number(3) + text("<") + b"NNN" + number(-1) * 2 + number(0)
    return call("numpy.dtype", text(spec), b"\x89\x88") + made(state or plain) + b"b"


def array(shape: bytes, of: bytes, data: bytes, *, kind: str = "numpy.ndarray") -> bytes:
    """An array as numpy pickles it; `shape`, `of` and `data` push shape, dtype and values."""
    blank = call("numpy.core.multiarray._reconstruct", name(kind), made(number(0)), b"C\x01b")
    return blank + made(number(1) + shape + of + b"\x89" + data) + b"b"


def raw(values: bytes) -> bytes:
    return b"B" + struct.pack("<I", len(values)) + values


def shape(*axes: int) -> bytes:
    return made(b"".join(map(number, axes)))


def whole(body: bytes) -> bytes:
    return TWO + body + b"."


class Asks:
    """Pickles to a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def calls() -> dict[str, bytes]:
    """Calls of what is not in the table, in every way that a pickle can call."""
    functions = {
        "os.system": [text(COMMAND)],
        "posix.system": [text(COMMAND)],
        "nt.system": [text(COMMAND)],
        "subprocess.Popen": [text("touch"), text(CANARY)],
        "builtins.eval": [text(f"open({CANARY!r}, 'w')")],
        "__builtin__.eval": [text(f"open({CANARY!r}, 'w')")],
        "builtins.exec": [text(f"open({CANARY!r}, 'w')")],
        "builtins.open": [text(CANARY), text("w")],
        "io.open": [text(CANARY), text("w")],
        "builtins.getattr": [name("builtins.list"), text("append")],
        "builtins.__import__": [text("antigravity")],
        "importlib.import_module": [text("antigravity")],
        "runpy.run_path": [text("setup.py")],
        "pickle.loads": [raw(b"cos\nsystem\n.")],
        "_pickle.loads": [raw(b"cos\nsystem\n.")],
        "codecs.decode": [raw(b""), text("zlib")],
        "_codecs.decode": [raw(b""), text("zlib")],
        "_codecs.encode": [text("x"), text("zlib_codec")],
        "types.FunctionType": [],
        "functools.partial": [name("builtins.list")],
        "operator.attrgetter": [text("__class__")],
        "copyreg._reconstructor": [name("builtins.list"), name("builtins.dict"), b"N"],
        "copy_reg._reconstructor": [name("__builtin__.list"), name("__builtin__.dict"), b"N"],
        "numpy.load": [text("x.npy")],
        "numpy.testing._private.utils.runstring": [text("1"), b"}"],
        "numpy.f2py.diagnose.run_command": [text(COMMAND)],
        "numpy.ma.core._mareconstruct": [name("numpy.ndarray"), shape(0), raw(b"b")],
        "numpy.random._pickle.__randomstate_ctor": [text("MT19937")],
        "pandas.core.frame.DataFrame": [],
        "torch.load": [text("x.pt")],
        "torch._utils._rebuild_tensor_v2": [b"N", number(0), b"))", b"\x89", b"}"],
        "torch.storage._load_from_bytes": [raw(b"cos\nsystem\n.")],
        "numpy.ndarray": [shape(1 << 20)],
        "builtins.list": [shape(1, 2)],
        "builtins.object": [],
    }
    found = {f"call {key}": whole(call(key, *parts)) for key, parts in functions.items()}
    system, empty = name("os.system"), b")"
    found |= {
        "protocol 0": f"cos\nsystem\n(S'{COMMAND}'\ntR.".encode(),
        "dotted name": b"\x80\x04" + text("numpy") + text("ndarray.__class__") + b"\x93.",
        "dotted module": whole(name("numpy.core.multiarray._reconstruct.__globals__")),
        "name of numbers": b"\x80\x04K\x01K\x02\x93.",
        "name in the stack": b"\x80\x04" + text("os") + text("system") + b"\x93.",
        "name of bad text": b"c\xff\xfe\nsystem\n.",
        "NEWOBJ": whole(name("subprocess.Popen") + made(text(COMMAND)) + b"\x81"),
        "NEWOBJ_EX": whole(name("builtins.set") + b")}" + text("a") + b"Ns\x92"),
        "INST": f"(S'{COMMAND}'\nios\nsystem\n.".encode(),
        "OBJ": b"(" + system + text(COMMAND) + b"o.",
        "EXT1": whole(b"\x82\x01"),
        "EXT2": whole(b"\x83\x01\x00"),
        "EXT4": whole(b"\x84\x01\x00\x00\x00"),
        "PERSID": b"Pos.system\n.",
        "BINPERSID": whole(text("os.system") + b"Q"),
        "NEXT_BUFFER": b"\x80\x05\x97.",
        "READONLY_BUFFER": b"\x80\x05N\x98.",
        "call of a list": whole(b"]" + empty + b"R"),
        "call of a dtype": whole(dtype("f4") + empty + b"R"),
        "call with a list": whole(name("builtins.set") + b"]R"),
        "state of a list": whole(b"]}b"),
        "state of a dict": whole(b"}" + b"}" + text("__class__") + b"Nsb"),
        "state of an OrderedDict": whole(call("collections.OrderedDict") + b"}b"),
        "state of a name": whole(name("numpy.ndarray") + b"}b"),
        "name as data": whole(b"]" + name("numpy.ndarray") + b"a"),
        "name in a dict": whole(b"}" + text("a") + name("builtins.float") + b"s"),
        "name in a tuple": whole(name("builtins.float") + b"\x85"),
        "name alone": whole(name("builtins.float")),
        "name as key": whole(b"}" + name("builtins.float") + b"Ns"),
        "foreign default": whole(call("collections.defaultdict", name("os.getcwd"))),
        "default of no type": whole(call("collections.defaultdict", name("numpy.ndarray"))),
        "default of text": whole(call("collections.defaultdict", text("eval"))),
        "set of a range": whole(
            call("builtins.set", call("builtins.range", *map(number, (0, 1 << 30, 1))))
        ),
        "bytes of a number": whole(call("builtins.bytes", number(1 << 30))),
        "bytearray of a number": whole(call("builtins.bytearray", number(1 << 30))),
        "slice of a list": whole(call("builtins.slice", b"]", b"N", b"N")),
        "complex of text": whole(call("builtins.complex", text("1"), text("2"))),
        "OrderedDict of text": whole(call("collections.OrderedDict", b"]" + text("ab") + b"a")),
    }
    import numpy as np

    asks = [Asks(np.load, "x.npy"), Asks(eval, f"open({CANARY!r}, 'w')"), Asks(exec, "pass")]
    found |= {
        f"{one.call[0].__name__}, protocol {protocol}": pickle.dumps([one], protocol)
        for one in asks
        for protocol in range(6)
    }
    return found


def forged() -> dict[str, bytes]:
    """Arrays and dtypes that are not what they say."""
    floats, four = dtype("f4"), raw(bytes(4))

    def state(*, version=3, order=LITTLE, fields=b"NNN", width=-1, flags=0) -> bytes:
        return number(version) + order + fields + number(width) * 2 + number(flags)

    objects = dtype("O8", state=state(order=text("|"), flags=0))
    field = b"(" + text("a") + b"t" + b"}" + text("a") + made(dtype("O8") + number(0)) + b"s"
    bodies = {
        "objects hidden by flags": array(shape(1), objects, raw(b"\x01" * 8)),
        "objects hidden in a plain type": array(
            shape(1), dtype("i8", state=state(flags=63)), raw(b"\x01" * 8)
        ),
        "objects hidden in fields": array(
            shape(1), dtype("V8", state=state(fields=b"N" + field, width=8)), raw(b"\x01" * 8)
        ),
        "objects hidden in a subarray": array(
            shape(1),
            dtype("i8", state=state(fields=made(dtype("O8") + shape(1)) + b"NN")),
            raw(b"\x01" * 8),
        ),
        "another width": array(shape(1), dtype("S4", state=state(width=1 << 20)), four),
        "another version": array(shape(1), dtype("f4", state=state(version=9)), four),
        "byte order of a list": array(shape(1), dtype("f4", state=state(order=b"]")), four),
        "dates": array(shape(1), dtype("M8"), raw(bytes(8))),
        "records": array(shape(1), dtype("V4"), four),
        "a list of types": array(shape(1), dtype("f4,O8"), raw(bytes(12))),
        "a huge item": array(shape(0), dtype("S99999999999"), raw(b"")),
        "wide items of no length": array(shape(0, 1 << 39), dtype("U99999999"), raw(b"")),
        "many items of no width": array(shape(1 << 39), dtype("S0"), raw(b"")),
        "type of a type": array(shape(1), call("numpy.dtype", floats), four),
        "unfinished type": array(shape(1), call("numpy.dtype", text("f4"), b"\x89\x88"), four),
        "type of text": array(shape(1), text("f4"), four),
        "objects of bytes": array(shape(1), dtype("O8"), raw(bytes(8))),
        "objects too few": array(shape(2), dtype("O8"), b"]Na"),
        "objects too many": array(shape(1), dtype("O8"), b"](NNe"),
        "numbers of a list": array(shape(1), floats, b"]K\x01a"),
        "numbers of text": array(shape(1), floats, text("\u20ac\u20ac\u20ac\u20ac")),
        "numbers of None": array(shape(1), floats, b"N"),
        "too few bytes": array(shape(2), floats, four),
        "too many bytes": array(shape(), floats, raw(bytes(8))),
        "huge shape": array(shape(1 << 39), floats, four),
        "overflowing shape": array(shape(1 << 32, 1 << 32), floats, four),
        "wrapping shape": array(shape(*[1 << 39] * 30), floats, four),
        "negative shape": array(shape(-1), floats, four),
        "negative shapes": array(shape(-1, -1), floats, four),
        "shape of floats": array(made(b"G" + struct.pack(">d", 1)), floats, four),
        "shape of truth": array(made(b"\x88"), floats, four),
        "shape of a list": array(b"]K\x01a", floats, four),
        "shape of None": array(b"N", floats, four),
        "many axes": array(shape(*[1] * 100), floats, four),
        "truth of two": array(shape(1), dtype("b1"), raw(b"\x02")),
        "text beyond Unicode": array(shape(1), dtype("U1"), raw(b"\xff\xff\xff\x7f")),
        "a matrix": array(shape(1, 1), floats, four, kind="numpy.matrixlib.defmatrix.matrix"),
        "an array of lists": array(shape(1), floats, four, kind="builtins.list"),
        "state of an old version": call(
            "numpy.core.multiarray._reconstruct", name("numpy.ndarray"), shape(0), raw(b"b")
        )
        + made(shape(1) + floats + b"\x89" + four)
        + b"b",
        "state of arrays": call(
            "numpy.core.multiarray._reconstruct", name("numpy.ndarray"), shape(0), raw(b"b")
        )
        + made(array(shape(1), floats, four) * 5)
        + b"b",
        "unfinished array": call(
            "numpy.core.multiarray._reconstruct", name("numpy.ndarray"), shape(0), raw(b"b")
        ),
        "unfinished array in a list": b"]"
        + call("numpy.core.multiarray._reconstruct", name("numpy.ndarray"), shape(0), raw(b"b"))
        + b"a",
        "array that holds itself": call(
            "numpy.core.multiarray._reconstruct", name("numpy.ndarray"), shape(0), raw(b"b")
        )
        + b"q\x00"
        + made(number(1) + shape(1) + dtype("O8") + b"\x89" + b"]h\x00a")
        + b"b",
        "array of a large shape from the start": call(
            "numpy.core.multiarray._reconstruct", name("numpy.ndarray"), shape(1 << 40), raw(b"b")
        ),
        "scalar with a pickle in it": call(
            "numpy.core.multiarray.scalar", dtype("O8"), raw(b"cos\nsystem\n.")
        ),
        "scalar of too few bytes": call("numpy.core.multiarray.scalar", dtype("f8"), four),
        "scalar of a name": call("numpy.core.multiarray.scalar", name("numpy.ndarray"), four),
        "buffer of too few bytes": call(
            "numpy._core.numeric._frombuffer", four, floats, shape(9), text("C")
        ),
        "buffer of an odd order": call(
            "numpy._core.numeric._frombuffer", four, floats, shape(1), text("Z")
        ),
        "buffer of odd axes": call(
            "numpy._core.numeric._frombuffer", four, floats, shape(1), text("K"), shape(7)
        ),
        "bytes of an array as data": name("numpy._core.numeric._frombuffer")
        + b"("
        + raw(bytes(5000))
        + b"q\x00t0]h\x00a",
    }
    return {f"forged {key}": whole(body) for key, body in bodies.items()}


def claims() -> dict[str, bytes]:
    """Counts that the file does not hold, and opcodes that find nothing to work on."""
    huge = struct.pack("<Q", 1 << 62)
    most = struct.pack("<I", 0xFFFFFFFF)
    bodies = {
        "short text": b"\x8c\xffab",
        "text": b"X" + most + b"ab",
        "long text": b"\x8d" + huge + b"ab",
        "short bytes": b"C\xffab",
        "bytes": b"B" + most + b"ab",
        "long bytes": b"\x8e" + huge + b"ab",
        "bytearray": b"\x96" + huge + b"ab",
        "short string": b"U\xffab",
        "string": b"T" + struct.pack("<i", 1 << 30) + b"ab",
        "negative string": b"T" + struct.pack("<i", -1) + b"ab",
        "short number": b"\x8a\xff\x01",
        "long number": b"\x8b" + struct.pack("<i", 1 << 30) + b"\x01",
        "negative length of a number": b"\x8b" + struct.pack("<i", -5) + b"\x01",
        "frame": b"\x95" + huge + b"N",
        "number of many digits": b"I" + b"9" * 10_000 + b"\n",
        "number of letters": b"Inine\n",
        "number of underscores": b"L1_000L\n",
        "float of letters": b"Fnine\n",
        "string without quotes": b"Sabc\n",
        "string of odd escapes": b"S'\\q'\n",
        "string of half an escape": b"S'\\x1'\n",
        "unicode of half an escape": b"V\\u12\n",
        "text of bad bytes": b"X\x01\x00\x00\x00\xff",
        "key of the memo": b"h\x07",
        "long key of the memo": b"j" + most,
        "negative key of the memo": b"g-1\n",
        "key of the memo in letters": b"gq\n",
        "mark": b"t",
        "mark of a list": b"e",
        "mark of a dict": b"Nu",
        "stack": b"0",
        "stack for a tuple": b"N\x87",
        "stack for an item": b"a",
        "stack for a call": b"R",
        "stack beyond the mark": b"N(a",
        "open mark": b"N(N",
        "left over": b"NN",
        "value of a key": b"}(Nu",
        "list for an item": b")Na",
        "list for items": b"}(Ne",
        "dict for an item": b"]NNs",
        "set for members": b"](N\x90",
        "key that is a list": b"}]Ns",
        "key that is an array": b"}" + array(shape(1), dtype("f4"), raw(bytes(4))) + b"Ns",
        "member that is a dict": b"\x8f(}\x90",
        "member of a frozenset that is a list": b"(]\x91",
        "opcode": b"\xfe",
        "protocol": b"\x80\xc8N",
    }
    found = {f"claim {key}": whole(body) for key, body in bodies.items()}
    found |= {
        "claim nothing": b".",
        "claim end of a line": b"I12",
        "claim end": TWO + b"N",
        "claim second pickle": whole(b"N") + whole(b"N"),
        "claim half a row of numbers": TWO + b"](" + (b"G" + bytes(8)) * 20 + b"GG",
        "claim half a number": TWO + b"](K\x01M\x01",
    }
    return found


def bombs() -> dict[str, bytes]:
    """Few bytes that ask for much work or memory."""
    laughs = b")" + b"".join(b"q\x00h\x00\x86" for _ in range(60))
    many = b"]q\x00(" + b"K\x01" * 3000 + b"e0"
    data = raw(bytes(4000)) + b"q\x01" + text("latin1") + b"q\x020"
    return {
        "bomb key of shared tuples": whole(b"}" + laughs + b"Ns"),
        "bomb key of nested tuples": whole(b"}" + b")" + b"\x85" * 200_000 + b"Ns"),
        "bomb copies of a list": whole(
            many + b"](" + (name("builtins.set") + b"h\x00\x85R") * 3000 + b"e"
        ),
        "bomb copies of bytes": whole(
            data + b"](" + (name("builtins.bytearray") + b"h\x01\x85R") * 3000 + b"e"
        ),
    }


def corpus() -> dict[str, bytes]:
    """Every hostile pickle, by what it tries."""
    return {**calls(), **forged(), **claims(), **bombs()}
