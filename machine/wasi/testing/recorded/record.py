#!/usr/bin/env python3
"""Puts sequences of calls to wasmtime and writes down what it answers.

    pip install wasmtime==50.0.1
    node generate.ts 400 | python3 record.py > calls.json

Calls and answers are written as ../guest.ts writes them. Times are kept only where a call has set them, inodes by the order in which
they were met, directories sorted: the rest is the business of the disk that lies under wasmtime.
"""
import json
import pathlib
import re
import shutil
import struct
import sys
import tempfile

from wasmtime import Engine, ExitTrap, Linker, Module, Store, Trap, WasiConfig, WasmtimeError

SIGNATURES = dict(
    re.findall(r"^  (\w+): '([iI]*)',$", (pathlib.Path(__file__).parents[2] / "signatures.ts").read_text(), re.M)
)
RESULT, FIRST, SECOND, DATA = 1024, 8192, 16384, 24576


def forwarder():
    """A module that exports each function of preview 1 as one that calls it."""
    imports, functions = [], []
    for name, kinds in SIGNATURES.items():
        types = " ".join("i32" if kind == "i" else "i64" for kind in kinds)
        parameters = f"(param {types})" if kinds else ""
        result = "" if name == "proc_exit" else "(result i32)"
        arguments = " ".join(f"(local.get {index})" for index in range(len(kinds)))
        imports.append(f'(import "wasi_snapshot_preview1" "{name}" (func ${name} {parameters} {result}))')
        functions.append(f'(func (export "{name}") {parameters} {result} {arguments} (call ${name}))')
    return f'(module {" ".join(imports)} (memory (export "memory") 16) {" ".join(functions)})'


class Guest:
    def __init__(self, engine, module):
        self.directory = tempfile.mkdtemp()
        self.store = Store(engine)
        wasi = WasiConfig()
        wasi.argv = ["plasm"]
        wasi.preopen_dir(self.directory, "/")
        wasi.stdin_file = wasi.stdout_file = wasi.stderr_file = "/dev/null"
        self.store.set_wasi(wasi)
        linker = Linker(engine)
        linker.define_wasi()
        self.exports = linker.instantiate(self.store, module).exports(self.store)
        self.memory = self.exports["memory"]
        self.descriptors = {number: number for number in range(4)}
        self.opened = 4
        self.inodes = []

    def close(self):
        shutil.rmtree(self.directory, ignore_errors=True)

    def raw(self, name, *arguments):
        signed = [
            value if value < 2 ** (31 if kind == "i" else 63) else value - 2 ** (32 if kind == "i" else 64)
            for value, kind in zip(arguments, SIGNATURES[name])
        ]
        return self.exports[name](self.store, *signed)

    def bytes(self, at, size):
        return bytes(self.memory.read(self.store, at, at + size))

    def put(self, text, at=FIRST):
        data = text.encode() if isinstance(text, str) else bytes(text)
        self.memory.write(self.store, data, at)
        return at, len(data)

    def u32(self):
        return struct.unpack("<I", self.bytes(RESULT, 4))[0]

    def u64(self):
        return struct.unpack("<Q", self.bytes(RESULT, 8))[0]

    def vector(self, size):
        self.memory.write(self.store, struct.pack("<II", DATA, size), SECOND)
        return SECOND, 1

    def stat(self, error):
        if error:
            return [error]
        _, inode, kind, links, size, accessed, modified, _ = struct.unpack("<QQB7xQQQQQ", self.bytes(RESULT, 64))
        if inode not in self.inodes:
            self.inodes.append(inode)
        answer = {"type": kind, "inode": self.inodes.index(inode)}
        if kind != 3:
            answer |= {"links": links, "size": size}
        answer |= {"accessed": accessed} if 0 < accessed < 1000 else {}
        answer |= {"modified": modified} if 0 < modified < 1000 else {}
        return [0, answer]

    def entries(self, cookie):
        data, at, names, cookies = self.bytes(DATA, self.u32()), 0, [], []
        while at + 24 <= len(data):
            following, _, size, kind = struct.unpack("<QQIB3x", data[at : at + 24])
            names.append([data[at + 24 : at + 24 + size].decode(), kind])
            cookies.append(following)
            at += 24 + size
        names.sort(key=lambda entry: (entry[0] not in (".", ".."), entry[0]))
        return [[*entry, following] for entry, following in zip(names, cookies)]

    def subscriptions(self, given):
        for index, (user_data, kind, *rest) in enumerate(given):
            if kind == 0:
                packed = struct.pack("<QB7xI4xQQH6x", user_data, 0, rest[0], rest[1], 0, rest[2])
            else:
                packed = struct.pack("<QB7xI28x", user_data, kind, self.number(rest[0]))
            self.memory.write(self.store, packed, FIRST + 48 * index)
        return FIRST, DATA, len(given)

    def number(self, descriptor):
        return self.descriptors.get(descriptor, 9999)

    def call(self, name, *given):
        try:
            return self.answer(name, given)
        except ExitTrap as end:
            return ["exit", end.code]
        except (Trap, WasmtimeError) as error:
            return ["trap", "misalignedPointer" if "not aligned" in str(error) else "memoryOutOfBounds"]

    def answer(self, name, given):
        if name == "path_open":
            fd, lookup, path, flags, rights, inheriting, fdflags = given
            error = self.raw(
                name, self.number(fd), lookup, *self.put(path), flags, rights, inheriting, fdflags, RESULT
            )
            if error:
                return [error]
            self.descriptors[self.opened] = self.u32()
            self.opened += 1
            return [0, self.opened - 1]
        if name in ("path_create_directory", "path_remove_directory", "path_unlink_file"):
            return [self.raw(name, self.number(given[0]), *self.put(given[1]))]
        if name == "path_filestat_get":
            return self.stat(self.raw(name, self.number(given[0]), given[1], *self.put(given[2]), RESULT))
        if name == "path_filestat_set_times":
            return [self.raw(name, self.number(given[0]), given[1], *self.put(given[2]), *given[3:])]
        if name == "path_link":
            fd, lookup, path, to_fd, to = given
            return [
                self.raw(name, self.number(fd), lookup, *self.put(path), self.number(to_fd), *self.put(to, SECOND))
            ]
        if name == "path_rename":
            fd, path, to_fd, to = given
            return [self.raw(name, self.number(fd), *self.put(path), self.number(to_fd), *self.put(to, SECOND))]
        if name == "path_symlink":
            return [self.raw(name, *self.put(given[0]), self.number(given[1]), *self.put(given[2], SECOND))]
        if name == "path_readlink":
            error = self.raw(name, self.number(given[0]), *self.put(given[1]), DATA, given[2], RESULT)
            return [error] if error else [0, self.bytes(DATA, self.u32()).decode()]
        if name == "fd_filestat_get":
            return self.stat(self.raw(name, self.number(given[0]), RESULT))
        if name in ("fd_read", "fd_pread"):
            error = self.raw(name, self.number(given[0]), *self.vector(given[1]), *given[2:], RESULT)
            return [error] if error else [0, self.bytes(DATA, self.u32()).decode("latin1")]
        if name in ("fd_write", "fd_pwrite"):
            size = self.put(given[1], DATA)[1]
            error = self.raw(name, self.number(given[0]), *self.vector(size), *given[2:], RESULT)
            return [error] if error else [0, self.u32()]
        if name in ("fd_seek", "fd_tell"):
            error = self.raw(name, self.number(given[0]), *given[1:], RESULT)
            return [error] if error else [0, self.u64()]
        if name == "fd_fdstat_get":
            error = self.raw(name, self.number(given[0]), RESULT)
            if error:
                return [error]
            kind, flags, rights = struct.unpack("<BxH4xQ", self.bytes(RESULT, 16))
            return [0, kind, flags, ("r" if rights & 2 else "") + ("w" if rights & 64 else "")]
        if name == "fd_renumber":
            error = self.raw(name, self.number(given[0]), self.number(given[1]))
            if not error and given[0] != given[1]:
                self.descriptors.pop(given[0], None)
            return [error]
        if name == "fd_readdir":
            error = self.raw(name, self.number(given[0]), DATA, *given[1:], RESULT)
            return [error] if error else [0, self.entries(given[2]), 0]
        if name == "fd_prestat_get":
            error = self.raw(name, self.number(given[0]), RESULT)
            return [error] if error else [0, struct.unpack("<I", self.bytes(RESULT + 4, 4))[0]]
        if name == "fd_prestat_dir_name":
            return [self.raw(name, self.number(given[0]), DATA, given[1])]
        if name == "poll_oneoff":
            error = self.raw(name, *self.subscriptions(given[0]), RESULT)
            if error:
                return [error]
            events = (struct.unpack("<QHB13xH6x", self.bytes(DATA + 32 * index, 32)) for index in range(self.u32()))
            return [0, *([user_data, failure, kind, flags] for user_data, failure, kind, flags in events)]
        return [self.raw(name, self.number(given[0]), *given[1:])]


def main():
    engine = Engine()
    module = Module(engine, forwarder())
    first = True
    print("[", end="")
    for line in sys.stdin:
        guest = Guest(engine, module)
        steps = []
        for call in json.loads(line):
            steps.append([call, guest.call(*call)])
            if isinstance(steps[-1][1][0], str):
                break
        guest.close()
        print("" if first else ",", json.dumps(steps, separators=(",", ":")), sep="\n", end="")
        first = False
    print("\n]")


main()
