/* SPDX-License-Identifier: Apache-2.0 */
#include "fault/inquiry.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SIZE = 512 /* of one piece of evidence; the rest of it is cut */ };

enum {
	REASON_BUS_FAULT = 0x9100,
	REASON_MEM_FAULT = 0x9200,
	REASON_USAGE_FAULT = 0x9300,
	REASON_HARD_FAULT = 0x9400,
};

/* Bits that say what happened, without those that only say where. */
#define CFSR_CAUSES (UINT32_C(0x031fbfbb) & ~(FL_CFSR_MMARVALID | FL_CFSR_BFARVALID))

void fl_inquiry_init(struct fl_inquiry *q, const struct fl_cause_input *in, struct fl_arena *arena,
		     struct fl_cause *cause)
{
	*q = (struct fl_inquiry){ .in = in, .arena = arena, .cause = cause };
	*cause = (struct fl_cause){ .category = "Unknown", .title = "" };
	if (in->fault && !in->fault->absent) {
		q->cfsr = fl_scs_value(in->fault, FL_CFSR);
		q->hfsr = fl_scs_value(in->fault, FL_HFSR);
	}
	if (!fl_inquiry_register(q, FL_PC, &q->pc))
		return;
	q->has_pc = true;
	q->pc &= ~UINT32_C(1);
	q->pc_where = fl_inquiry_where(q, q->pc);
	q->has_insn = fl_inquiry_decode(q, q->pc, q->hw, &q->insn);
}

enum fl_code fl_inquiry_finish(struct fl_inquiry *q)
{
	struct fl_cause *cause = q->cause;
	cause->evidence = fl_arena_array(q->arena, q->evidence_count, sizeof(*cause->evidence));
	if (q->failed || !cause->evidence)
		return FL_ENOMEM;
	for (size_t i = 0; i < q->evidence_count; i++)
		cause->evidence[i] = q->evidence[i];
	cause->evidence_count = q->evidence_count;
	return FL_OK;
}

static const char *keep_text(struct fl_inquiry *q, const char *format, va_list ap) FL_PRINTF(2, 0);

static const char *keep_text(struct fl_inquiry *q, const char *format, va_list ap)
{
	char text[TEXT_SIZE];
	vsnprintf(text, sizeof(text), format, ap);
	const char *copy = fl_arena_strdup(q->arena, text);
	q->failed |= !copy;
	return copy ? copy : "";
}

void fl_evidence(struct fl_inquiry *q, const char *format, ...)
{
	if (q->mute || q->evidence_count == FL_LIMIT_EVIDENCE)
		return;
	va_list ap;
	va_start(ap, format);
	q->evidence[q->evidence_count++] = keep_text(q, format, ap);
	va_end(ap);
}

void fl_verdict(struct fl_inquiry *q, const char *category, enum fl_confidence confidence,
		const char *format, ...)
{
	q->cause->category = category;
	q->cause->confidence = confidence;
	if (q->mute)
		return;
	va_list ap;
	va_start(ap, format);
	q->cause->title = keep_text(q, format, ap);
	va_end(ap);
}

void fl_verdict_address(struct fl_inquiry *q, uint32_t addr)
{
	q->cause->has_address = true;
	q->cause->address = addr;
}

bool fl_inquiry_register(const struct fl_inquiry *q, unsigned reg, uint32_t *ret)
{
	if (!q->in->regs || reg >= FL_REGISTER_COUNT)
		return false;
	return fl_reg_get(q->in->regs, (enum fl_register)reg, ret);
}

enum fl_where fl_inquiry_where(const struct fl_inquiry *q, uint32_t addr)
{
	if (!q->in->symbols || !q->in->symbols->count)
		return FL_WHERE_UNKNOWN;
	return fl_view_is_code(q->in->symbols, addr) ? FL_WHERE_CODE : FL_WHERE_NOT_CODE;
}

static uint32_t reason_code(const struct fl_inquiry *q)
{
	return q->in->reason && q->in->reason->known ? q->in->reason->code : 0;
}

uint32_t fl_inquiry_class(const struct fl_inquiry *q)
{
	uint32_t mask = UINT32_MAX;
	switch (reason_code(q)) {
	case REASON_BUS_FAULT:
		mask = FL_BFSR_MASK;
		break;
	case REASON_MEM_FAULT:
		mask = FL_MMFSR_MASK;
		break;
	case REASON_USAGE_FAULT:
		mask = FL_UFSR_MASK;
		break;
	default:
		break;
	}
	return q->cfsr & mask & CFSR_CAUSES ? mask : UINT32_MAX;
}

bool fl_inquiry_is_fault(const struct fl_inquiry *q)
{
	uint32_t code = reason_code(q);
	return code >= REASON_BUS_FAULT && code <= REASON_HARD_FAULT;
}

/* Bits 23:22 of xPSR are reserved on every profile, 21:20 before Armv8-M (DDI 0403E B1.4.2). */
bool fl_inquiry_frame_plausible(const struct fl_inquiry *q)
{
	uint32_t xpsr, lr;
	if (!q->has_pc || !fl_inquiry_register(q, FL_XPSR, &xpsr) ||
	    !fl_inquiry_register(q, FL_LR, &lr))
		return true;
	enum fl_arch arch = q->in->arch;
	bool before_v8m = arch == FL_ARCH_V6M || arch == FL_ARCH_V7M || arch == FL_ARCH_V7EM;
	if (xpsr & (before_v8m ? UINT32_C(0x00f00000) : UINT32_C(0x00c00000)))
		return false;
	return q->pc || xpsr || lr;
}

unsigned fl_inquiry_exception(const struct fl_inquiry *q)
{
	uint32_t xpsr;
	if (!fl_inquiry_register(q, FL_XPSR, &xpsr) || !fl_inquiry_frame_plausible(q))
		return 0;
	return xpsr & FL_XPSR_IPSR;
}

const char *fl_inquiry_function(const struct fl_inquiry *q, size_t nth)
{
	const struct fl_thread *thread = q->in->thread;
	for (size_t i = 0; thread && i < thread->frame_count; i++)
		if (thread->frames[i].kind == FL_FRAME_CODE && thread->frames[i].function && !nth--)
			return thread->frames[i].function;
	return NULL;
}

const char *fl_inquiry_function_at(const struct fl_inquiry *q, uint32_t addr)
{
	struct fl_function_info info;
	if (!q->in->symbols || !q->in->symbols->count)
		return NULL;
	const struct fl_module *module = fl_view_module_at(q->in->symbols, addr);
	return module && fl_module_function(module, addr, &info) ? info.name : NULL;
}

bool fl_inquiry_decode(const struct fl_inquiry *q, uint32_t addr, uint16_t hw[2],
		       struct fl_thumb *ret)
{
	uint16_t own[2];
	size_t count = 0;
	if (!hw)
		hw = own;
	hw[0] = hw[1] = 0;
	if (!q->in->memory)
		return false;
	while (count < 2 && addr <= UINT32_MAX - 2 * count &&
	       fl_memory_u16(q->in->memory, addr + 2 * (uint32_t)count, &hw[count]))
		count++;
	return fl_thumb_decode(hw, count, ret);
}

/* A list that grows word by word. */
struct list {
	char text[TEXT_SIZE];
	size_t size;
};

static void append(struct list *list, const char *format, ...) FL_PRINTF(2, 3);

static void append(struct list *list, const char *format, ...)
{
	va_list ap;
	va_start(ap, format);
	int size = vsnprintf(list->text + list->size, TEXT_SIZE - list->size, format, ap);
	list->size += size > 0 ? (size_t)size : 0;
	va_end(ap);
	if (list->size >= TEXT_SIZE)
		list->size = TEXT_SIZE - 1;
}

void fl_evidence_bits(struct fl_inquiry *q, enum fl_scs_register reg)
{
	const struct fl_fault *fault = q->in->fault;
	struct list list;
	list.size = 0;
	if (q->mute || !fault || !fl_scs_value(fault, reg))
		return;
	append(&list, "%s 0x%08" PRIx32, fl_scs_name(reg), fl_scs_value(fault, reg));
	const char *separator = ": ";
	for (size_t i = 0; i < fault->fact_count; i++) {
		if (fault->facts[i].reg != reg)
			continue;
		append(&list, "%s%s, %s", separator, fault->facts[i].name, fault->facts[i].meaning);
		separator = "; ";
	}
	fl_evidence(q, "%s", list.text);
}

void fl_evidence_also(struct fl_inquiry *q, uint32_t used)
{
	const struct fl_fault *fault = q->in->fault;
	uint32_t others = q->cfsr & CFSR_CAUSES & ~used;
	struct list list;
	list.size = 0;
	for (size_t i = 0; fault && i < fault->fact_count; i++)
		if (fault->facts[i].reg == FL_CFSR && others >> fault->facts[i].bit & 1)
			append(&list, "%s%s", list.size ? ", " : "", fault->facts[i].name);
	if (list.size)
		fl_evidence(q,
			    "also set: %s; the bits stay until they are cleared, so this may be "
			    "from an earlier fault",
			    list.text);
}
