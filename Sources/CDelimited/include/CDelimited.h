#ifndef BLAMEDEPLOY_CDELIMITED_H
#define BLAMEDEPLOY_CDELIMITED_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What is carried from one stretch of a text to the next; all zero but `is_start` at the beginning of a record. */
typedef struct {
    /* All ones inside a quoted cell. */
    uint64_t inside;
    /* 1 when the byte before ended a cell, or there was none. */
    uint64_t is_start;
    /* 1 when the byte before closed a quote; 1 when it was the carriage return behind one. */
    uint64_t is_closed;
    uint64_t is_returned;
    /* How many newlines were met, also inside quotes. */
    size_t newlines;
} bd_delimited_state;

/* Why a scan came to its end. */
enum {
    /* Everything was looked at. */
    BD_DELIMITED_ALL = 0,
    /* A record ended at or behind the target. */
    BD_DELIMITED_TARGET = 1,
    /* Quotes stand where RFC 4180 has none: `offset` says near where. */
    BD_DELIMITED_IRREGULAR = 2,
    /* The next 64 bytes may have more separators than there is room for. */
    BD_DELIMITED_FULL = 3
};

typedef struct {
    int reason;
    /* Up to where the text was looked at. With a target, the offset behind the newline that ended the last record. */
    size_t offset;
    /* How many separators and how many ends there are by now. */
    size_t separators;
    size_t ends;
} bd_delimited_scan;

/*
 * Finds where the cells of delimited text end: delimiters and newlines outside of quotes.
 *
 * Looks at the bytes from `scan->offset`, which is a multiple of 64, up to `length`; 64 bytes behind `length` must be
 * readable. `separators` gets the offset of each, `ends` for each newline among them how many separators there are up to
 * and with it. Stops behind the first newline at or behind `target`. What is before `length` but behind the last multiple
 * of 64 is only looked at when `is_last`.
 */
void bd_delimited_find(
    const uint8_t *text, size_t length, uint8_t delimiter, size_t target, int is_last, bd_delimited_state *state,
    uint32_t *separators, size_t separator_room, uint32_t *ends, size_t end_room, bd_delimited_scan *scan);

#ifdef __cplusplus
}
#endif

#endif
