/* SPDX-License-Identifier: Apache-2.0 */
/** @file .ARM.attributes -> architecture profile. */
#ifndef IMAGE_ATTRIBUTES_H
#define IMAGE_ATTRIBUTES_H

#include "image/elf.h"
#include "target/registers.h"

/** FL_ARCH_UNKNOWN when there is no such section or it names no M-profile architecture. */
enum fl_arch fl_arch_of(const struct fl_elf *elf);

#endif
