/* SPDX-License-Identifier: Apache-2.0 */
/** @file Bytes that are piled up; zero-initialised is empty. */
#ifndef INTAKE_PILE_H
#define INTAKE_PILE_H

#include <faultline/error.h>

#include <stddef.h>
#include <stdint.h>

struct fl_pile {
	uint8_t *data;
	size_t size, room;
};

FL_MUST_CHECK enum fl_code
fl_pile_add(struct fl_pile *pile, const void *bytes, size_t size, struct fl_error *err);
void fl_pile_deinit(struct fl_pile *pile);

#endif
