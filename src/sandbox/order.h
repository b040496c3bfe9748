/* SPDX-License-Identifier: Apache-2.0 */
/** @file Addresses in ascending order, with their way back. */
#ifndef SANDBOX_ORDER_H
#define SANDBOX_ORDER_H

#include <stddef.h>
#include <stdint.h>

/**
 * Sort by address, equal ones by place.
 * @param ret   room for @p count; then (address << 32 | index in @p addrs), ascending.
 * @param spare room for as many; scratch.
 */
void fl_order_addresses(const uint32_t *addrs, size_t count, uint64_t *ret, uint64_t *spare);

#endif
