/* SPDX-License-Identifier: Apache-2.0 */
#include "unwind/pendsv.h"

#include "unwind/check.h"

enum { PENDSV = 14 }; /* Arm DDI 0403E B1.5.2 */

static bool is_its_handler(const struct fl_unwind_input *in, const struct fl_cursor *cursor)
{
	const uint32_t vtor_addr = 0xe000ed08;
	struct fl_function_info handler, here;
	uint32_t vectors, vector;
	return cursor->ipsr_known && cursor->ipsr == PENDSV && !cursor->on_psp &&
	       fl_memory_u32(in->memory, vtor_addr, &vectors) &&
	       fl_memory_u32(in->memory, vectors + 4 * PENDSV, &vector) &&
	       fl_function_at(in->symbols, vector & ~UINT32_C(1), &handler) &&
	       fl_function_at(in->symbols, cursor->lookup_pc, &here) && handler.addr == here.addr;
}

bool fl_pendsv_interrupted(const struct fl_unwind_input *in, const struct fl_cursor *cursor,
			   struct fl_boundary *boundary_ret, uint32_t *frame_addr_ret)
{
	if (!is_its_handler(in, cursor) || !fl_reg_get(&cursor->regs, FL_PSP, frame_addr_ret))
		return false;
	*boundary_ret = (struct fl_boundary){
		.number_known = true,
		.number = PENDSV,
		.regs = fl_registers_after_call(&cursor->regs),
	};
	return fl_exception_frame_test(in, boundary_ret, *frame_addr_ret, true) == FL_FRAME_GOOD;
}
