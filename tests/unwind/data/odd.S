/* SPDX-License-Identifier: Apache-2.0 */
/* Functions whose callers are hard to find. Only those with .cfi lines have unwind tables. */
	.syntax unified
	.thumb
	.cpu cortex-m4

	.section .vectors, "a", %progbits
	.word	0x20002000
	.word	Reset_Handler

	.text
	.macro	function name
	.align	2
	.global	\name
	.type	\name, %function
	.thumb_func
\name:
	.endm
	.macro	endfunction name
	.size	\name, . - \name
	.endm

	function Reset_Handler
	.cfi_startproc
	push	{r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	bl	top
	pop	{r4, pc}
	.cfi_endproc
	endfunction Reset_Handler

	/* The stack unwinds through it by its table alone. */
	function top
	.cfi_startproc
	push	{r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	bl	user
	bl	other_user
	blx	r4
	pop	{r4, pc}
	.cfi_endproc
	endfunction top

	/* Both call a function that saves nothing; their frames differ in size. */
	function user
	.cfi_startproc
	push	{r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	bl	fail
	pop	{r4, pc}
	.cfi_endproc
	endfunction user

	function other_user
	.cfi_startproc
	push	{r4, r5, r6, lr}
	.cfi_def_cfa_offset 16
	.cfi_offset 4, -16
	.cfi_offset 5, -12
	.cfi_offset 6, -8
	.cfi_offset 14, -4
	bl	fail
	pop	{r4, r5, r6, pc}
	.cfi_endproc
	endfunction other_user

	/* Does not return, so it keeps no return address. */
	function fail
	.cfi_startproc
	movs	r0, #1
	bl	die
	nop
	.cfi_endproc
	endfunction fail

	function die
	.cfi_startproc
	nop
	b	.
	.cfi_endproc
	endfunction die

	/* Marked as the outermost by its table. */
	function outermost
	.cfi_startproc
	.cfi_undefined 14
	nop
	blx	r4
	b	.
	.cfi_endproc
	endfunction outermost

	/* No table, and the stack pointer goes where no analysis follows. */
	function opaque
	push	{r4, lr}
	mov	r4, sp
	bic	r4, r4, #7
	mov	sp, r4
	bl	handle
	b	.
	endfunction opaque

	/* An exception handler that keeps EXC_RETURN nowhere. */
	function shim
	mov	r0, sp
	bl	handle
	b	.
	endfunction shim

	/* What both call. */
	function handle
	.cfi_startproc
	push	{r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	nop
	pop	{r4, pc}
	.cfi_endproc
	endfunction handle

	/* What a thread's function returns to, if it ever does. */
	function prvTaskExitError
	b	.
	endfunction prvTaskExitError

	function task
	.cfi_startproc
	push	{r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	blx	r4
	pop	{r4, pc}
	.cfi_endproc
	endfunction task

	/* Calls what no table describes. */
	function calls_opaque
	.cfi_startproc
	push	{r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	bl	opaque
	pop	{r4, pc}
	.cfi_endproc
	endfunction calls_opaque

	/* Its frame hangs on r7, which anything may have overwritten. */
	function framed
	.cfi_startproc
	push	{r7, lr}
	mov	r7, sp
	.cfi_def_cfa 7, 8
	.cfi_offset 7, -8
	.cfi_offset 14, -4
	nop
	b	.
	.cfi_endproc
	endfunction framed

	/* A thread's function that never returns, and so keeps nothing. */
	function forever
	.cfi_startproc
	bl	handle
	b	forever
	.cfi_endproc
	endfunction forever

	/* Yields by SVC; the second half of the store reads like one. */
	function yields
	.cfi_startproc
	push	{r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	str.w	sp, [r0, #0xf00]
	nop
	svc	#0
	.cfi_endproc
	endfunction yields

	function after_yields
	.cfi_startproc
	nop
	b	.
	.cfi_endproc
	endfunction after_yields

	/* A frame of 64 bytes. */
	function roomy
	.cfi_startproc
	push	{r4, lr}
	.cfi_def_cfa_offset 8
	.cfi_offset 4, -8
	.cfi_offset 14, -4
	sub	sp, #56
	.cfi_def_cfa_offset 64
	bl	handle
	b	.
	.cfi_endproc
	endfunction roomy

	/* What would be an exception frame, if it were on a stack. */
	.align	2
	.global	frame_in_flash
	.type	frame_in_flash, %object
frame_in_flash:
	.word	0, 1, 2, 3, 12, 0x08000107, 0x08000156, 0x01000000
	.size	frame_in_flash, . - frame_in_flash
