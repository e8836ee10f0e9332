#!/usr/bin/env bash
# Builds the kernels from source, as the checked in .wasm.br files were: Debian bookworm's clang 14, lld, wasi-libc, libclang-rt-dev-wasm32
# and cargo (which only fetches: SQLite, Lua, QuickJS and zstd come inside crates, by version and sha256 in Cargo.lock).
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/crates" "$work/out"
cp Cargo.toml Cargo.lock "$work" && touch "$work/none.rs"
cargo vendor --quiet --locked --manifest-path "$work/Cargo.toml" "$work/crates" >/dev/null

compile() { # NAME ARGUMENTS...
  local name=$1
  shift
  "${CLANG:-clang-14}" --target=wasm32-wasi --sysroot=/usr -O2 -DNDEBUG -w -Wl,-s "$@" "$name.c" -o "$work/out/$name.wasm"
}

for name in fib mandelbrot matmul nbody sha256 sieve; do compile $name; done
compile matmul-simd -msimd128 -mbulk-memory

zstd=$work/crates/zstd-sys/zstd/lib
compile zstd -DZSTD_DISABLE_ASM -DXXH_NAMESPACE=ZSTD_ -I"$zstd" -D_WASI_EMULATED_PROCESS_CLOCKS \
  "$zstd"/common/{debug,entropy_common,error_private,fse_decompress,xxhash,zstd_common}.c "$zstd"/compress/*.c "$zstd"/decompress/*.c \
  -lwasi-emulated-process-clocks

sqlite=$work/crates/libsqlite3-sys/sqlite3
compile sqlite -I"$sqlite" -DSQLITE_THREADSAFE=0 -DSQLITE_OMIT_LOAD_EXTENSION -DSQLITE_OS_OTHER=1 -DSQLITE_OMIT_WAL -DSQLITE_TEMP_STORE=3 \
  "$sqlite/sqlite3.c"

# Lua's errors jump, which wasm32-wasi of that age cannot: the program raises none.
lua=$work/crates/lua-src/lua-5.4.9
touch "$work/setjmp.h"
compile lua -I"$work" -I"$lua" -Wl,-z,stack-size=1048576 -include lua-without-jumps.h \
  $(ls "$lua"/l*.c | grep -vE '/(lua|luac|loslib|liolib|linit)\.c$')

quickjs=$work/crates/rquickjs-sys/quickjs
compile quickjs -D_GNU_SOURCE -DEMSCRIPTEN=1 -DFE_DOWNWARD=0 -DFE_UPWARD=0 -D_WASI_EMULATED_SIGNAL -D_WASI_EMULATED_PROCESS_CLOCKS \
  -I"$quickjs" "$quickjs"/{libregexp,libunicode,quickjs,dtoa}.c -Wl,-z,stack-size=1048576 -lwasi-emulated-process-clocks

for file in "$work"/out/*.wasm; do
  "${NODE:-node}" -e '
    const { readFileSync, writeFileSync } = require("node:fs"), { brotliCompressSync } = require("node:zlib")
    writeFileSync(process.argv[2], brotliCompressSync(readFileSync(process.argv[1])))' "$file" "$(basename "$file").br"
done
