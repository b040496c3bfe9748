/* SPDX-License-Identifier: Apache-2.0 */
/* A frame of an interrupt, in .eh_frame. */
	.syntax unified
	.thumb
	.cfi_sections .eh_frame
	.type handler, %function
	.global handler
handler:
	.cfi_startproc
	.cfi_signal_frame
	push {r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	pop {r4, pc}
	.cfi_endproc
	.section .note.GNU-stack, "", %progbits
