#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds events.elf and writes down what llvm-dwarfdump finds in it.
set -e
cd "$(dirname "$0")"
flags="-mcpu=cortex-m4 -mthumb -O1 -fdebug-prefix-map=$PWD=. -ffreestanding"
arm-none-eabi-gcc $flags -gdwarf-5 -c events.c -o events.o
arm-none-eabi-g++ $flags -gdwarf-4 -fshort-enums -fno-exceptions -fno-rtti -c more.cpp -o more.o
arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -nostdlib -Wl,--build-id -Wl,-Ttext=0x08000000 \
	-Wl,-Tdata=0x20000000 -Wl,-e,start events.o more.o -o events.elf
rm events.o more.o
llvm-dwarfdump --debug-info events.elf | awk '
	/DW_TAG_enumerator/ { wanted = 1; next }
	/DW_TAG_/ { wanted = 0 }
	wanted && /DW_AT_name/ { split($0, quoted, "\""); name = quoted[2] }
	wanted && /DW_AT_const_value/ {
		gsub(/[()]/, "", $2)
		if (name ~ /^kMflt(RebootReason|TraceReasonUser)_/) print name, $2
	}' | sort -u >enumerators.txt
