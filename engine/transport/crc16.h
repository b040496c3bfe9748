/* SPDX-License-Identifier: Apache-2.0 */
/** @file CRC-16/XMODEM: polynomial 0x1021, starts at 0, not reflected; "123456789" is 0x31C3. */
#ifndef TRANSPORT_CRC16_H
#define TRANSPORT_CRC16_H

#include <stddef.h>
#include <stdint.h>

uint16_t fl_crc16(const void *bytes, size_t size);

#endif
