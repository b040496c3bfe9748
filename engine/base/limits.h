/* SPDX-License-Identifier: Apache-2.0 */
/** @file Every bound on hostile input, in one place. A hit becomes an FL_ELIMIT finding. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	FL_LIMIT_FRAMES = 256,      /**< physical frames of one thread */
	FL_LIMIT_INLINE_DEPTH = 64, /**< inlined frames at one pc */
	FL_LIMIT_RECURSION = 64,    /**< nesting of anything parsed recursively */
	FL_LIMIT_THREADS = 256,
	FL_LIMIT_REGIONS = 4096, /**< memory blocks of one dump */
	FL_LIMIT_CONTEXTS = 16,  /**< register blocks (CPUs) of one dump */
	FL_LIMIT_STRING = 1024,  /**< bytes of one identity string */
	FL_LIMIT_MODULES = 32,   /**< ELFs of one analysis, embedded ones included */
	FL_LIMIT_AUX_DEPTH = 4,  /**< nesting of embedded ELFs */
	FL_LIMIT_SECTIONS = 65536,
	FL_LIMIT_FINDINGS = 256,
	FL_LIMIT_EVIDENCE = 16,
	FL_LIMIT_FINGERPRINTS = 16,
	FL_LIMIT_DWARF_STEPS = 100000,  /**< operations of one DWARF expression */
	FL_LIMIT_DWARF_STACK = 64,      /**< entries of the DWARF expression stack */
	FL_LIMIT_CFI_STATES = 64,       /**< depth of DW_CFA_remember_state */
	FL_LIMIT_CFI_ROWS = 65536,      /**< rows of one FDE */
	FL_LIMIT_DIE_DEPTH = 512,       /**< nesting of debug information entries */
	FL_LIMIT_UNITS = 1 << 17,       /**< compilation units of one module */
	FL_LIMIT_ATTRIBUTES = 128,      /**< attributes of one abbreviation */
	FL_LIMIT_ENTRY_STEPS = 1 << 22, /**< entries stepped over for all the layouts of a module */
	FL_LIMIT_ENUMERATORS = 4096,    /**< distinct ones of a module that are kept */
	FL_LIMIT_ENUMERATOR = 256,      /**< bytes of the name of one */
	FL_LIMIT_NOTES = 65536,         /**< entries of the kernel's data, copies included */
	FL_LIMIT_STRUCTS = 1024,        /**< distinct structures of a module that are kept */
	FL_LIMIT_FIELDS = 16384,        /**< members of all of them */
	FL_LIMIT_STRUCT_DEPTH = 16,     /**< structures inside structures */
	FL_LIMIT_TYPE_CHAIN = 64,       /**< typedefs, qualifiers and arrays of one type */
	FL_LIMIT_TYPE_STEPS = 1 << 18,  /**< entries looked at for all the layouts of a module */
	FL_LIMIT_NAME = 4096,           /**< bytes of one function name */
	FL_LIMIT_SCAN_WORDS = 1024,     /**< words looked at by one stack scan */
	FL_LIMIT_PROLOGUE = 64,         /**< instructions decoded by prologue analysis */
	FL_LIMIT_CBOR_DEPTH = 16,       /**< nesting of arrays and maps of an event */
	FL_LIMIT_ITEMS = 16384,         /**< items of one message */
	FL_LIMIT_DECODED = 1 << 20,     /**< bytes of a decoded body that is no coredump */
	FL_LIMIT_LOG = 4096,            /**< bytes of one log text */
	FL_LIMIT_DECOMPRESSED = 1 << 30 /**< bytes of one decompressed debug section */
};

#endif
