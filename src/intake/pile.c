/* SPDX-License-Identifier: Apache-2.0 */
#include "intake/pile.h"

#include <stdlib.h>
#include <string.h>

enum { ROOM_MIN = 4096 };

enum fl_code fl_pile_add(struct fl_pile *pile, const void *bytes, size_t size, struct fl_error *err)
{
	size_t needed;
	size_t doubled;
	if (__builtin_add_overflow(pile->size, size, &needed))
		return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "%zu more bytes", size);
	if (needed > pile->room) {
		size_t room = pile->room ? pile->room : ROOM_MIN;
		while (room < needed && !__builtin_mul_overflow(room, (size_t)2, &doubled))
			room = doubled;
		room = room < needed ? needed : room;
		uint8_t *grown = realloc(pile->data, room);
		if (!grown)
			return fl_fail(err, FL_ENOMEM, FL_AT_NONE, 0, "%zu more bytes", size);
		pile->data = grown;
		pile->room = room;
	}
	if (size)
		memcpy(pile->data + pile->size, bytes, size);
	pile->size = needed;
	return FL_OK;
}

void fl_pile_deinit(struct fl_pile *pile)
{
	free(pile->data);
	*pile = (struct fl_pile){ 0 };
}
