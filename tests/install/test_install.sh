#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# usage: test_install.sh BUILD SOURCE PREFIX
# Installs into PREFIX; builds a C and a C++ consumer with pkg-config and with CMake; runs them on a
# recorded dump; compares the exported symbols with the list.
set -eu
build=$1 source=$2 prefix=$3
here=$source/tests/install
elf=$source/fixtures/corpus/m4f-og/fw.elf
dump=$source/fixtures/corpus/m4f-og/null-write/dump.core

rm -rf "$prefix"
cmake --install "$build" --prefix "$prefix" >/dev/null
libdir=$(dirname "$(find "$prefix" -name libfaultline.so | head -n 1)")
export PKG_CONFIG_PATH=$libdir/pkgconfig LD_LIBRARY_PATH=$libdir
flags() { pkg-config --cflags --libs "$1"; }

check() { # name, program
	got=$("$2" "$dump" "$elf")
	case $got in
	*"Null Pointer at "*) echo "ok: $1: $got" ;;
	*) echo "FAILED: $1 printed: $got"; exit 1 ;;
	esac
}

work=$prefix/work
mkdir -p "$work"
cc -Wall -Wextra -Wpedantic -Werror "$here/c/consumer.c" -o "$work/c" $(flags faultline-store)
check "C, pkg-config" "$work/c"
c++ -Wall -Wextra -Wpedantic -Werror "$here/cxx/consumer.cpp" -o "$work/cxx" $(flags faultline-store)
check "C++, pkg-config" "$work/cxx"
for language in c cxx; do
	cmake -S "$here/$language" -B "$work/cmake-$language" -DCMAKE_PREFIX_PATH="$prefix" >/dev/null
	cmake --build "$work/cmake-$language" >/dev/null
	check "$language, CMake" "$work/cmake-$language/consumer"
done

for library in faultline faultline-store; do
	nm -D --defined-only "$libdir/lib$library.so" | awk '{ print $3 }' | sort >"$work/$library.exports"
	diff -u "$here/$library.exports" "$work/$library.exports" || {
		echo "FAILED: lib$library exports other symbols than tests/install/$library.exports lists"
		exit 1
	}
	readelf -d "$libdir/lib$library.so" | grep -q "SONAME.*lib$library.so.[0-9]" || {
		echo "FAILED: lib$library.so has no SONAME"
		exit 1
	}
done

# The man page, the schema and the rules are where they belong; the installed program runs.
for file in share/man/man1/faultline.1 share/faultline/report.schema.json bin/faultline; do
	test -s "$prefix/$file" || { echo "FAILED: $file is not installed"; exit 1; }
done
"$prefix/bin/faultline" --version
