/* SPDX-License-Identifier: Apache-2.0 */
/* .eh_frame, which no fixture has, and .debug_frame of every version. */
#include "image_case.h"

#include <string.h>

enum { EH_ADDR = 0x200 };

struct frame_case {
	const char *cie; /* behind its id */
	size_t cie_size;
	const char *fde; /* behind its pointer to the CIE */
	size_t fde_size;
	uint32_t addr, size; /* size 0: it is not read */
	size_t cie_program, fde_program;
	bool signal_frame;
	bool damaged;
};

/* An entry with its length and first word. */
static void put_entry(struct bytes *b, uint32_t word, const char *body, size_t size)
{
	put_u32(b, (uint32_t)size + 4);
	put_u32(b, word);
	put(b, body, size);
}

static void check(const struct frame_case *f, size_t i, const char *section)
{
	ELF_AUTO w = { 0 };
	BYTES_AUTO b = { 0 };
	bool eh = strcmp(section, ".eh_frame") == 0;
	put_entry(&b, eh ? 0 : 0xffffffff, f->cie, f->cie_size);
	put_entry(&b, eh ? (uint32_t)b.size + 4 : 0, f->fde, f->fde_size);
	if (eh)
		put_u32(&b, 0);
	elf_section(&w, section, ELF_PROGBITS, ELF_A, EH_ADDR, b.data, b.size);
	elf_code(&w, ".text", 0x1000, 0x100);
	IMAGE c = open_image(&w);
	const struct fl_frame_program *p = c.image->debug.frames.data;
	if (c.image->debug.frames.count != (f->size != 0) || c.image->findings.count != f->damaged)
		fail_msg("%s %zu: %zu frames", section, i, c.image->debug.frames.count);
	if (!f->size)
		return;
	assert_int_equal(p->range.addr, f->addr);
	assert_int_equal(p->range.size, f->size);
	assert_int_equal(p->cie_size, f->cie_program);
	assert_int_equal(p->fde_size, f->fde_program);
	assert_int_equal(p->return_column, 14);
	assert_int_equal(p->data_align, -4);
	assert_int_equal(p->code_align, 2);
	assert_int_equal(p->signal_frame, f->signal_frame);
}

#define TEXT(s) s, sizeof(s) - 1

/* DWARF 5, 6.4.1: version, augmentation, code and data alignment, return column, program. */
static void test_debug_frame(void **state)
{
	static const struct frame_case cases[] = {
		{ TEXT("\1\0\2\x7c\x0e\x0c\x0d\0"), TEXT("\1\x10\0\0\x10\0\0\0\0"), 0x1000, 0x10, 3,
		  1, false, false },
		{ TEXT("\3\0\2\x7c\x0e\x0c\x0d\0"), TEXT("\0\x10\0\0\x10\0\0\0"), 0x1000, 0x10, 3,
		  0, false, false },
		{ TEXT("\3\0\2\x7c\x8e\0\x0c\x0d\0"), TEXT("\0\x10\0\0\x10\0\0\0"), 0x1000, 0x10, 3,
		  0, false, false },
		{ TEXT("\4\0\4\0\2\x7c\x0e"), TEXT("\0\x10\0\0\x10\0\0\0"), 0x1000, 0x10, 0, 0,
		  false, false },
		{ TEXT("\1armcc+\0\2\x7c\x0e"), TEXT("\0\x10\0\0\x10\0\0\0"), 0x1000, 0x10, 0, 0,
		  false, false },
		/* as GNU as writes .cfi_signal_frame: without 'z', the letter has no data */
		{ TEXT("\1S\0\2\x7c\x0e\x0c\x0d\0"), TEXT("\0\x10\0\0\x10\0\0\0"), 0x1000, 0x10, 3,
		  0, true, false },
		{ TEXT("\1SX\0\2\x7c\x0e"), TEXT("\0\x10\0\0\x10\0\0\0"), 0, 0, 0, 0, false, true },
		{ TEXT("\2\0\2\x7c\x0e"), TEXT("\0\x10\0\0\x10\0\0\0"), 0, 0, 0, 0, false, true },
		{ TEXT("\4\0\x08\0\2\x7c\x0e"), TEXT("\0\x10\0\0\x10\0\0\0"), 0, 0, 0, 0, false,
		  true },
		{ TEXT("\1what\0\2\x7c\x0e"), TEXT("\0\x10\0\0\x10\0\0\0"), 0, 0, 0, 0, false,
		  true },
		{ TEXT("\1no end of it at all"), TEXT("\0\x10\0\0\x10\0\0\0"), 0, 0, 0, 0, false,
		  true },
		{ TEXT("\1\0\2"), TEXT("\0\x10\0\0\x10\0\0\0"), 0, 0, 0, 0, false, true },
		{ TEXT("\1\0\2\x7c\x0e"), TEXT("\0\x10\0\0\0\0\0\0"), 0, 0, 0, 0, false, false },
		{ TEXT("\1\0\2\x7c\x0e"), TEXT("\0\xff\xff\xff\1\0\1\0"), 0, 0, 0, 0, false,
		  false },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], i, ".debug_frame");
}

/* LSB 5.0, 10.6. The section lies at 0x200, a CIE of n bytes behind its id ends at 8 + n. */
static void test_eh_frame(void **state)
{
	static const struct frame_case cases[] = {
		{ TEXT("\1zR\0\2\x7c\x0e\1\x1b\x0c\x0d\0"), /* pcrel, sdata4: at 0x21c */
		  TEXT("\xe4\x0d\0\0\x10\0\0\0\0\1\2"), 0x1000, 0x10, 3, 2, false, false },
		{ TEXT("\1zRS\0\2\x7c\x0e\1\3"), /* udata4 */
		  TEXT("\1\x10\0\0\x10\0\0\0\2xy"), 0x1000, 0x10, 0, 0, true, false },
		{ TEXT("\1zR\0\2\x7c\x0e\1\2"), /* udata2 */
		  TEXT("\0\x10\x10\0\0"), 0x1000, 0x10, 0, 0, false, false },
		{ TEXT("\1zR\0\2\x7c\x0e\1\x0a"), /* sdata2: far above */
		  TEXT("\0\x90\x10\0\0"), 0xffff9000, 0x10, 0, 0, false, false },
		{ TEXT("\1zR\0\2\x7c\x0e\1\1"), /* uleb128 */
		  TEXT("\x80\x20\x10\0"), 0x1000, 0x10, 0, 0, false, false },
		{ TEXT("\1zR\0\2\x7c\x0e\1\x09"), /* sleb128 */
		  TEXT("\x80\x20\x10\0"), 0x1000, 0x10, 0, 0, false, false },
		{ TEXT("\1zR\0\2\x7c\x0e\1\x0c"), /* sdata8 */
		  TEXT("\0\x10\0\0\0\0\0\0\x10\0\0\0\0\0\0\0\0"), 0x1000, 0x10, 0, 0, false,
		  false },
		{ TEXT("\1zR\0\2\x7c\x0e\1\x05"), TEXT("\0\x10\0\0\x10\0\0\0\0"), 0, 0, 0, 0, false,
		  false }, /* no such encoding */
		/* With a personality routine and its tables' encoding. */
		{ TEXT("\1zPLR\0\2\x7c\x0e\7\x1b\1\2\3\4\x1b\3"), TEXT("\0\x10\0\0\x10\0\0\0\0"),
		  0x1000, 0x10, 0, 0, false, false },
		{ TEXT("\1zPLR\0\2\x7c\x0e\5\2\1\2\x1b\2"), TEXT("\0\x10\x10\0\0"), 0x1000, 0x10, 0,
		  0, false, false },
		{ TEXT("\1zRP\0\2\x7c\x0e\7\3\x0f\1\2\3\4\5"), TEXT("\0\x10\0\0\x10\0\0\0\0"),
		  0x1000, 0x10, 0, 0, false,
		  false }, /* of unknown size, and behind what is needed */
		{ TEXT("\1zPR\0\2\x7c\x0e\7\x0f\1\2\3\4\5\3"), TEXT("\0\x10\0\0\x10\0\0\0\0"), 0, 0,
		  0, 0, false, true },
		{ TEXT("\1zXR\0\2\x7c\x0e\2\0\3"), TEXT("\0\x10\0\0\x10\0\0\0\0"), 0, 0, 0, 0,
		  false, true }, /* nobody knows what */
		{ TEXT("\1\0\2\x7c\x0e"), TEXT("\0\x10\0\0\x10\0\0\0\1"), 0x1000, 0x10, 0, 1, false,
		  false },
		{ TEXT("\1zR\0\2\x7c\x0e\1\x30"), TEXT("\0\x10\0\0\x10\0\0\0\0"), 0, 0, 0, 0, false,
		  false }, /* relative to nobody knows what */
		{ TEXT("\1zR\0\2\x7c\x0e\1\3"), TEXT("\0\x10\0\0\x10\0\0\0\x7f"), 0, 0, 0, 0, false,
		  false }, /* more data than there are */
		{ TEXT("\1zR\0\2\x7c\x0e\x7f\3"), TEXT("\0\x10\0\0\x10\0\0\0\0"), 0, 0, 0, 0, false,
		  true },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check(&cases[i], i, ".eh_frame");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_debug_frame),
		cmocka_unit_test(test_eh_frame),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
