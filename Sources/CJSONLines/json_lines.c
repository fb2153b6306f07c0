#include "CJSONLines.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))

enum { key_limit = 4096, text_limit = 1 << 18, slot_count = 2 * key_limit, deepest = 32, longest_joint = 32 };

/* Places of keys that nobody has settled yet: not met in this line, and met. */
enum { unsettled = -2, listed = -3 };

/* Where a cursor stands when the next key is to come. */
enum { at_closing_quote, behind_value, behind_brace, stand_count };

typedef struct {
    /*
     * What stood between the value before and the key's own the last time, `","name":"`: from the quote that closes the one, also
     * where that was no string, up to the other, with the quote that opens it. 32 bytes behind each beginning can be read.
     */
    char joint[2 * longest_joint];
    /* How much of it is to come at each stand, a bit for each byte; a bit too many where it is not known. */
    uint32_t joint_bits[stand_count];
    /* Where that begins, and how long it is. */
    uint8_t joint_start[stand_count], joint_length[stand_count];
    /* Whether the value was a string. */
    uint8_t is_quoted;
    uint32_t start, length;
    int32_t place;
    uint16_t parent;
    /* Which keys came next the last times, inside the object and behind the value, the last one first; 0 for none. */
    uint16_t inside[2], behind[2];
} json_key;

struct bd_json_keys {
    uint32_t count, text_count;
    /* How many lines are read by themselves before two are tried again, and how many the last time. */
    uint32_t pause, last_pause;
    /* The keys with values of the last line that are to be settled. */
    uint32_t listed_count;
    uint16_t listed_keys[key_limit];
    json_key keys[key_limit];
    /* Keys by their hash; 0 for none. */
    uint16_t slots[slot_count];
    /* 64 more bytes, because texts are compared in blocks. */
    char texts[text_limit + 64];
};

/* What is asked of 32 bytes at a time: a bit for each, the first lowest. */
typedef struct {
    uint32_t (*equal)(const char *, const char *);
    /* Quotes and backslashes. */
    uint32_t (*quoted)(const char *);
    /* Control characters; `high` gets the bytes beyond ASCII. */
    uint32_t (*controls)(const char *, uint32_t *high);
    /* Passes as many bytes as it can before the first control character; `high` says whether some are beyond ASCII. */
    const char *(*pass_text)(const char *, const char *end, uint32_t *high);
    /* Behind the letters of a number. */
    const char *(*number_end)(const char *);
} block_operations;

/* The newline at the latest is none of its letters. Never inlined: it would fill the registers of all that is not a number. */
#define NUMBER_END(no_number) \
    { \
        uint32_t behind = no_number(at); \
        while (!behind) { behind = no_number(at += 32); } \
        return at + __builtin_ctz(behind); \
    }

#if defined(__x86_64__)

__attribute__((target("avx2"))) INLINE uint32_t equal_avx2(const char *a, const char *b) {
    __m256i x = _mm256_loadu_si256((const __m256i *)a), y = _mm256_loadu_si256((const __m256i *)b);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, y));
}

__attribute__((target("avx2"))) INLINE uint32_t quoted_avx2(const char *text) {
    __m256i x = _mm256_loadu_si256((const __m256i *)text);
    __m256i quotes = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('"')), slashes = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\\'));
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(quotes, slashes));
}

__attribute__((target("avx2"))) INLINE uint32_t controls_avx2(const char *text, uint32_t *high) {
    __m256i x = _mm256_loadu_si256((const __m256i *)text);
    *high = (uint32_t)_mm256_movemask_epi8(x);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(0x1F)), x));
}

__attribute__((target("avx2"))) INLINE const char *pass_text_avx2(const char *at, const char *end, uint32_t *high) {
    __m256i beyond = _mm256_setzero_si256();
    for (; end - at >= 64; at += 64) {
        __m256i x = _mm256_loadu_si256((const __m256i *)at), y = _mm256_loadu_si256((const __m256i *)(at + 32));
        __m256i least = _mm256_min_epu8(x, y);
        if (_mm256_movemask_epi8(_mm256_cmpeq_epi8(_mm256_min_epu8(least, _mm256_set1_epi8(0x1F)), least))) { break; }
        beyond = _mm256_or_si256(beyond, _mm256_or_si256(x, y));
    }
    *high = (uint32_t)_mm256_movemask_epi8(beyond);
    return at;
}

__attribute__((target("avx2"))) INLINE uint32_t no_number_avx2(const char *text) {
    __m256i x = _mm256_loadu_si256((const __m256i *)text);
    __m256i digits = _mm256_sub_epi8(x, _mm256_set1_epi8('0')), signs = _mm256_sub_epi8(x, _mm256_set1_epi8('+'));
    __m256i good = _mm256_cmpeq_epi8(_mm256_min_epu8(digits, _mm256_set1_epi8(9)), digits);
    good = _mm256_or_si256(good, _mm256_cmpeq_epi8(_mm256_min_epu8(signs, _mm256_set1_epi8(3)), signs));
    good = _mm256_andnot_si256(_mm256_cmpeq_epi8(x, _mm256_set1_epi8(',')), good);
    __m256i exponents = _mm256_cmpeq_epi8(_mm256_or_si256(x, _mm256_set1_epi8(0x20)), _mm256_set1_epi8('e'));
    return ~(uint32_t)_mm256_movemask_epi8(_mm256_or_si256(good, exponents));
}

__attribute__((target("avx2,bmi"), noinline)) static const char *number_end_avx2(const char *at) NUMBER_END(no_number_avx2)

INLINE uint32_t bits_sse2(__m128i low, __m128i high) {
    return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

INLINE uint32_t equal_plain(const char *a, const char *b) {
    return bits_sse2(
        _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b)),
        _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(a + 16)), _mm_loadu_si128((const __m128i *)(b + 16))));
}

INLINE __m128i quoted_sse2(__m128i x) {
    return _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')), _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
}

INLINE uint32_t quoted_plain(const char *text) {
    return bits_sse2(
        quoted_sse2(_mm_loadu_si128((const __m128i *)text)), quoted_sse2(_mm_loadu_si128((const __m128i *)(text + 16))));
}

INLINE __m128i controls_sse2(__m128i x) { return _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1F)), x); }

INLINE uint32_t controls_plain(const char *text, uint32_t *high) {
    __m128i x = _mm_loadu_si128((const __m128i *)text), y = _mm_loadu_si128((const __m128i *)(text + 16));
    *high = bits_sse2(x, y);
    return bits_sse2(controls_sse2(x), controls_sse2(y));
}

INLINE __m128i number_sse2(__m128i x) {
    __m128i digits = _mm_sub_epi8(x, _mm_set1_epi8('0')), signs = _mm_sub_epi8(x, _mm_set1_epi8('+'));
    __m128i good = _mm_cmpeq_epi8(_mm_min_epu8(digits, _mm_set1_epi8(9)), digits);
    good = _mm_or_si128(good, _mm_cmpeq_epi8(_mm_min_epu8(signs, _mm_set1_epi8(3)), signs));
    good = _mm_andnot_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8(',')), good);
    return _mm_or_si128(good, _mm_cmpeq_epi8(_mm_or_si128(x, _mm_set1_epi8(0x20)), _mm_set1_epi8('e')));
}

INLINE uint32_t no_number_plain(const char *text) {
    __m128i x = _mm_loadu_si128((const __m128i *)text), y = _mm_loadu_si128((const __m128i *)(text + 16));
    return ~bits_sse2(number_sse2(x), number_sse2(y));
}

#elif defined(__aarch64__)

INLINE uint32_t bits_neon(uint8x16_t low, uint8x16_t high) {
    const uint8x16_t bit = {1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128};
    uint8x16_t sums = vpaddq_u8(vandq_u8(low, bit), vandq_u8(high, bit));
    sums = vpaddq_u8(sums, sums);
    return vgetq_lane_u32(vreinterpretq_u32_u8(vpaddq_u8(sums, sums)), 0);
}

INLINE uint32_t equal_plain(const char *a, const char *b) {
    const uint8_t *x = (const uint8_t *)a, *y = (const uint8_t *)b;
    return bits_neon(vceqq_u8(vld1q_u8(x), vld1q_u8(y)), vceqq_u8(vld1q_u8(x + 16), vld1q_u8(y + 16)));
}

INLINE uint8x16_t quoted_neon(uint8x16_t x) {
    return vorrq_u8(vceqq_u8(x, vdupq_n_u8('"')), vceqq_u8(x, vdupq_n_u8('\\')));
}

INLINE uint32_t quoted_plain(const char *text) {
    return bits_neon(quoted_neon(vld1q_u8((const uint8_t *)text)), quoted_neon(vld1q_u8((const uint8_t *)text + 16)));
}

INLINE uint32_t controls_plain(const char *text, uint32_t *high) {
    uint8x16_t x = vld1q_u8((const uint8_t *)text), y = vld1q_u8((const uint8_t *)text + 16);
    uint8x16_t first = vdupq_n_u8(0x20), beyond = vdupq_n_u8(0x80);
    *high = bits_neon(vcgeq_u8(x, beyond), vcgeq_u8(y, beyond));
    return bits_neon(vcltq_u8(x, first), vcltq_u8(y, first));
}

INLINE uint8x16_t number_neon(uint8x16_t x) {
    uint8x16_t good = vcltq_u8(vsubq_u8(x, vdupq_n_u8('0')), vdupq_n_u8(10));
    good = vorrq_u8(good, vcltq_u8(vsubq_u8(x, vdupq_n_u8('+')), vdupq_n_u8(4)));
    good = vbicq_u8(good, vceqq_u8(x, vdupq_n_u8(',')));
    return vorrq_u8(good, vceqq_u8(vorrq_u8(x, vdupq_n_u8(0x20)), vdupq_n_u8('e')));
}

INLINE uint32_t no_number_plain(const char *text) {
    return ~bits_neon(
        number_neon(vld1q_u8((const uint8_t *)text)), number_neon(vld1q_u8((const uint8_t *)text + 16)));
}

#else

INLINE uint32_t equal_plain(const char *a, const char *b) {
    uint32_t bits = 0;
    for (int index = 0; index < 32; index++) { bits |= (uint32_t)(a[index] == b[index]) << index; }
    return bits;
}

INLINE uint32_t quoted_plain(const char *text) {
    uint32_t bits = 0;
    for (int index = 0; index < 32; index++) {
        bits |= (uint32_t)(text[index] == '"' || text[index] == '\\') << index;
    }
    return bits;
}

INLINE uint32_t controls_plain(const char *text, uint32_t *high) {
    uint32_t bits = 0;
    *high = 0;
    for (int index = 0; index < 32; index++) {
        bits |= (uint32_t)((uint8_t)text[index] < 0x20) << index;
        *high |= (uint32_t)((uint8_t)text[index] >> 7) << index;
    }
    return bits;
}

INLINE uint32_t no_number_plain(const char *text) {
    uint32_t bits = 0;
    for (int index = 0; index < 32; index++) {
        uint8_t byte = (uint8_t)text[index];
        int is_good = (uint8_t)(byte - '0') < 10 || byte == '+' || byte == '-' || byte == '.' || (byte | 0x20) == 'e';
        bits |= (uint32_t)!is_good << index;
    }
    return bits;
}

#endif

INLINE const char *pass_text_plain(const char *at, const char *end, uint32_t *high) {
    (void)end;
    *high = 0;
    return at;
}

__attribute__((noinline)) static const char *number_end_plain(const char *at) NUMBER_END(no_number_plain)

INLINE const char *skip_space(const char *at) {
    while (*at == ' ') { at++; }
    return at;
}

/*
 * The newline that ends a line; NULL when there is none, or when another control character stands before it but the
 * carriage return of a line that ends so. Everything else stops at it, and need not look for the end of the text.
 */
INLINE const char *line_end(block_operations block, const char *at, const char *end, int *has_high) {
    uint32_t beyond;
    for (at = block.pass_text(at, end, &beyond); at < end; at += 32) {
        uint32_t high, controls = block.controls(at, &high);
        if (controls) {
            int first = __builtin_ctz(controls);
            *has_high = (beyond | (high & ((1u << first) - 1))) != 0;
            at += first;
            if (at + 1 < end && *at == '\r') { at++; }
            return at < end && *at == '\n' ? at : NULL;
        }
        beyond |= high;
    }
    return NULL;
}

/* The quote that closes a string in which there are escapes, or the newline behind it when there is none. */
static __attribute__((noinline)) const char *escaped_end(const char *at) {
    while (*at != '"' && *at != '\n') { at += *at == '\\' && at[1] != '\n' ? 2 : 1; }
    return at;
}

/* The same of any string; `at` is behind the quote that opens it. */
INLINE const char *string_end(block_operations block, const char *at, const char *line, int *is_escaped) {
    uint32_t found = block.quoted(at);
    while (!found) {
        at += 32;
        if (at >= line) { return line; }
        found = block.quoted(at);
    }
    at += __builtin_ctz(found);
    if (at > line) { return line; }
    if (*at == '"') { return at; }
    *is_escaped = 1;
    return escaped_end(at);
}

/* Behind the bracket that closes an array; NULL without one on this line. `at` is the one that opens it. */
static __attribute__((noinline)) const char *array_end(const char *at) {
    int depth = 0;
    while (1) {
        char byte = *at++;
        if (byte == '"') {
            at = escaped_end(at);
            if (*at++ != '"') { return NULL; }
        } else if (byte == '[' || byte == '{') {
            depth++;
        } else if (byte == ']' || byte == '}') {
            if (--depth == 0) { return byte == ']' ? at : NULL; }
        } else if (byte == '\n') {
            return NULL;
        }
    }
}

INLINE int is_spelled(block_operations block, const bd_json_keys *self, const json_key *key, const char *text, const char *end) {
    const char *own = self->texts + key->start;
    uint32_t length = key->length;
    if (length > 32) { return (size_t)(end - text) >= length && memcmp(own, text, length) == 0; }
    return (uint32_t)((uint64_t)~block.equal(own, text) << (32 - length)) == 0;
}

/* Finds a key by its text, or makes it known; 0 when it is no plain key, or when there is no more room. */
static __attribute__((noinline)) uint32_t look_up(bd_json_keys *self, const char *text, uint32_t parent) {
    if (*text != '"') { return 0; }
    const char *at = text + 1;
    while (*at != '"' && *at != '\\' && *at != '\n') { at++; }
    if (*at != '"') { return 0; }
    at = skip_space(at + 1);
    if (*at != ':') { return 0; }
    size_t length = (size_t)(at + 1 - text);
    /* FNV-1a (Fowler, Noll, Vo). */
    uint32_t hash = 2166136261u ^ parent;
    for (size_t index = 0; index < length; index++) { hash = (hash ^ (uint8_t)text[index]) * 16777619u; }
    uint32_t slot = (hash ^ hash >> 15) % slot_count;
    for (; self->slots[slot]; slot = (slot + 1) % slot_count) {
        const json_key *key = self->keys + self->slots[slot];
        if (key->parent == parent && key->length == length && memcmp(self->texts + key->start, text, length) == 0) {
            return self->slots[slot];
        }
    }
    if (self->count == key_limit || length > text_limit - self->text_count) { return 0; }
    json_key key = {
        .joint_bits = {1, 1, 1}, .start = self->text_count, .length = (uint32_t)length, .place = unsettled,
        .parent = (uint16_t)parent};
    memcpy(self->texts + self->text_count, text, length);
    self->text_count += (uint32_t)length;
    self->keys[self->count] = key;
    self->slots[slot] = (uint16_t)self->count;
    return self->count++;
}

/* Where one record is being read, and what was noted of it. */
typedef struct {
    const char *at;
    bd_json_value *values;
    uint32_t count;
    int stand;
} cursor;

/* What a value was. */
enum { value_passed, object_opened, value_unsettled, value_other };

INLINE int note(const json_key *key, cursor *here, uint8_t kind, const char *from, const char *to, int is_escaped, uint32_t room) {
    if (key->place < -1) { return value_unsettled; }
    if (here->count == room) { return value_other; }
    bd_json_value value = {
        .text = from, .length = (uint32_t)(to - from), .place = (int16_t)key->place, .kind = kind,
        .is_escaped = (uint8_t)is_escaped};
    here->values[here->count++] = value;
    return value_passed;
}

/* Reads a string behind the quote that opens it, up to the one that closes it, and notes it when it is wanted. */
INLINE int read_string(
    block_operations block, const json_key *key, cursor *here, const char *line, uint32_t room) {
    int is_escaped = 0;
    const char *from = here->at, *at = string_end(block, from, line, &is_escaped);
    if (*at != '"') { return value_other; }
    here->at = at;
    here->stand = at_closing_quote;
    return key->place == -1 ? value_passed : note(key, here, BD_JSON_STRING, from, at, is_escaped, room);
}

/* Reads a value that is no string, and notes it when it is wanted. An object is entered unless it is empty. */
INLINE int read_bare(
    block_operations block, const json_key *key, cursor *here, const char *line, uint32_t room) {
    const char *at = here->at;
    if (*at == ' ') { at = skip_space(at); }
    const char *from = at;
    char first = *at;
    uint8_t kind;
    here->stand = behind_value;
    if ((uint8_t)(first - '0') < 10 || first == '-') {
        kind = BD_JSON_NUMBER;
        at = block.number_end(at);
    } else if (first == '"') {
        here->at = at + 1;
        return read_string(block, key, here, line, room);
    } else if (first == '{') {
        here->at = skip_space(at + 1);
        if (*here->at != '}') {
            here->stand = behind_brace;
            return object_opened;
        }
        here->at++;
        return value_passed;
    } else if (first == '[') {
        kind = BD_JSON_ARRAY;
        at = array_end(at);
        if (!at) { return value_other; }
    } else {
        kind = first == 'n' ? BD_JSON_NULL : BD_JSON_BOOL;
        uint32_t word, wanted;
        memcpy(&word, at, 4);
        memcpy(&wanted, first == 't' ? "true" : first == 'f' ? "fals" : "null", 4);
        if (word != wanted || (first == 'f' && at[4] != 'e')) { return value_other; }
        at += first == 'f' ? 5 : 4;
    }
    here->at = at;
    return key->place == -1 ? value_passed : note(key, here, kind, from, at, 0, room);
}

/* Reads the value of a key whose joint was passed, or who stands before it. */
INLINE int read_value(
    block_operations block, const json_key *key, int is_quoted, cursor *here, const char *line, uint32_t room) {
    return is_quoted ? read_string(block, key, here, line, room) : read_bare(block, key, here, line, room);
}

/* Whether the joint of a key stands at a cursor, as much of it as is to come there. */
INLINE int is_joint(block_operations block, const json_key *key, int stand, const char *at) {
    return (~block.equal(key->joint + key->joint_start[stand], at) & key->joint_bits[stand]) == 0;
}

/* Remembers what stood between a place where a value or a brace ended and the value at the cursor. */
static __attribute__((noinline)) void remember_joint(json_key *key, const cursor *here, int stand, const char *behind, const char *name) {
    const char *lead = stand == at_closing_quote ? "" : stand == behind_value ? "\"" : "\",";
    size_t lead_length = strlen(lead), length = lead_length + (size_t)(here->at - behind);
    key->joint_bits[0] = key->joint_bits[1] = key->joint_bits[2] = 1;
    memset(key->joint, 0, sizeof(key->joint));
    if (length > longest_joint) { return; }
    memcpy(key->joint, lead, lead_length);
    memcpy(key->joint + lead_length, behind, length - lead_length);
    const size_t starts[stand_count] = {0, 1, lead_length + (size_t)(name - behind)};
    for (int place = 0; place < stand_count; place++) {
        key->joint_start[place] = (uint8_t)starts[place];
        key->joint_length[place] = (uint8_t)(length - starts[place]);
        key->joint_bits[place] = UINT32_MAX >> (32 - key->joint_length[place]);
    }
}

/* Passes what stands behind a value and gives it back: a comma, or the end of an object; the space behind a comma as well. */
INLINE char read_behind(cursor *here) {
    if (here->stand == at_closing_quote) { here->at++; }
    here->stand = behind_value;
    if (*here->at == ' ') { here->at = skip_space(here->at); }
    char byte = *here->at++;
    if (byte == ',' && *here->at == ' ') { here->at = skip_space(here->at); }
    return byte;
}

/* A line, of which it is known that a newline ends it. */
INLINE int read_opening(cursor *here, const char *text, bd_json_value *values, bd_json_scan *scan) {
    here->at = skip_space(text);
    here->values = values;
    here->count = 0;
    here->stand = behind_brace;
    if (*here->at != '{') { return 0; }
    scan->start = here->at;
    here->at = skip_space(here->at + 1);
    return 1;
}

/* Only space may stand between an object and the end of its line. */
INLINE int is_last(const cursor *here, const char *line) {
    if (here->at == line) { return 1; }
    const char *at = skip_space(here->at);
    return at == line || (*at == '\r' && at + 1 == line);
}

INLINE void finish(const cursor *here, bd_json_scan *scan) {
    scan->reason = BD_JSON_OBJECT;
    scan->end = here->at;
    scan->count = here->count;
}

/* Whether the line is an object and nothing else. Keys that are to be settled are listed, and their values left out. */
INLINE int read_object(
    block_operations block, bd_json_keys *self, const char *text, bd_json_value *values, uint32_t room,
    bd_json_scan *scan) {
    cursor here;
    uint32_t parents[deepest], depth = 0;
    parents[0] = 0;
    if (!read_opening(&here, text, values, scan)) { return 0; }
    uint16_t *next = self->keys[0].inside;
    while (1) {
        uint32_t id = next[0];
        json_key *key = self->keys + id;
        if (is_joint(block, key, here.stand, here.at)) {
            here.at += key->joint_length[here.stand];
        } else {
            const char *behind = here.at;
            int stand = here.stand;
            if (stand != behind_brace) {
                char byte = read_behind(&here);
                if (byte == '}') {
                    if (depth == 0) {
                        finish(&here, scan);
                        return is_last(&here, scan->line_end);
                    }
                    next = self->keys[parents[depth--]].behind;
                    continue;
                }
                if (byte != ',') { return 0; }
            }
            if (!id || !is_spelled(block, self, key, here.at, scan->line_end)) {
                id = next[1];
                if (!id || !is_spelled(block, self, self->keys + id, here.at, scan->line_end)) {
                    id = look_up(self, here.at, parents[depth]);
                    if (!id) { return 0; }
                }
                next[1] = next[0];
                next[0] = (uint16_t)id;
                key = self->keys + id;
            }
            const char *name = here.at;
            here.at = skip_space(here.at + key->length);
            key->is_quoted = *here.at == '"';
            here.at += key->is_quoted;
            remember_joint(key, &here, stand, behind, name);
        }
        switch (read_value(block, key, key->is_quoted, &here, scan->line_end, room)) {
        case value_passed: break;
        case object_opened:
            if (depth + 1 == deepest) { return 0; }
            parents[++depth] = id;
            next = key->inside;
            continue;
        case value_unsettled:
            if (key->place == unsettled) {
                key->place = listed;
                self->listed_keys[self->listed_count++] = (uint16_t)id;
            }
            break;
        default: return 0;
        }
        next = key->behind;
    }
}

INLINE void read_one(
    block_operations block, bd_json_keys *self, const char *text, bd_json_value *values, uint32_t room,
    bd_json_scan *scan) {
    self->listed_count = 0;
    int is_object = read_object(block, self, text, values, room, scan);
    if (is_object && self->listed_count == 0) { return; }
    scan->reason = is_object ? BD_JSON_UNSETTLED : BD_JSON_OTHER;
    scan->count = 0;
    scan->unsettled = is_object ? self->listed_count : 0;
    for (uint32_t index = 0; index < self->listed_count; index++) {
        self->keys[self->listed_keys[index]].place = unsettled;
    }
}

/*
 * In one record each step waits for the one before it, because nobody knows where a value ends before it was looked at.
 * Two records side by side keep the processor busy.
 */
INLINE int read_two(
    block_operations block, bd_json_keys *self, const char *text, const char *other, bd_json_value *values, uint32_t room,
    bd_json_scan *scans) {
    cursor a, b;
    uint32_t parents[deepest], depth = 0;
    if (!read_opening(&a, text, values, scans) || !read_opening(&b, other, values + room, scans + 1)) { return 0; }
    const uint16_t *next = self->keys[0].inside;
    while (1) {
        uint32_t id = next[0];
        const json_key *key = self->keys + id;
        int is_quoted = 0;
        if (a.stand == b.stand && is_joint(block, key, a.stand, a.at) && is_joint(block, key, a.stand, b.at)) {
            a.at += key->joint_length[a.stand];
            b.at += key->joint_length[b.stand];
            is_quoted = key->is_quoted;
        } else {
            if (a.stand != behind_brace) {
                char byte = read_behind(&a);
                if (read_behind(&b) != byte) { return 0; }
                if (byte == '}') {
                    if (depth == 0) {
                        if (!is_last(&a, scans[0].line_end) || !is_last(&b, scans[1].line_end)) { return 0; }
                        finish(&a, scans);
                        finish(&b, scans + 1);
                        return 1;
                    }
                    next = self->keys[parents[depth--]].behind;
                    continue;
                }
                if (byte != ',') { return 0; }
            }
            if (!id || !is_spelled(block, self, key, a.at, scans[0].line_end)) {
                id = next[1];
                key = self->keys + id;
                if (!id || !is_spelled(block, self, key, a.at, scans[0].line_end)) { return 0; }
            }
            if (!is_spelled(block, self, key, b.at, scans[1].line_end)) { return 0; }
            a.at = skip_space(a.at + key->length);
            b.at = skip_space(b.at + key->length);
        }
        int what = read_value(block, key, is_quoted, &a, scans[0].line_end, room);
        if (what > object_opened || read_value(block, key, is_quoted, &b, scans[1].line_end, room) != what) { return 0; }
        next = key->behind;
        if (what == object_opened) {
            if (depth + 1 == deepest) { return 0; }
            parents[++depth] = id;
            next = key->inside;
        }
    }
}

INLINE int read_lines(
    block_operations block, bd_json_keys *self, const char *text, const char *end, bd_json_value *values, uint32_t room,
    bd_json_scan *scans) {
    for (int line = 0; line < 2; line++) {
        scans[line].reason = BD_JSON_OTHER;
        scans[line].count = 0;
        scans[line].line_end = NULL;
    }
    scans[0].line_end = line_end(block, text, end, &scans[0].has_high);
    if (!scans[0].line_end) { return 1; }
    if (self->pause > 0) {
        self->pause--;
    } else if (scans[0].line_end + 1 < end) {
        const char *other = scans[0].line_end + 1;
        scans[1].line_end = line_end(block, other, end, &scans[1].has_high);
        if (scans[1].line_end && read_two(block, self, text, other, values, room, scans)) {
            self->last_pause = 0;
            return 2;
        }
        /* Where neighbours differ it is tried less and less often. */
        self->last_pause = self->last_pause < 64 ? 2 * self->last_pause + 1 : self->last_pause;
        self->pause = self->last_pause;
    }
    read_one(block, self, text, values, room, scans);
    return 1;
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi"))) static int read_lines_avx2(
    bd_json_keys *keys, const char *text, const char *end, bd_json_value *values, uint32_t room, bd_json_scan *scans) {
    block_operations block = {equal_avx2, quoted_avx2, controls_avx2, pass_text_avx2, number_end_avx2};
    return read_lines(block, keys, text, end, values, room, scans);
}
#endif

int bd_json_read(
    bd_json_keys *keys, const char *text, const char *end, bd_json_value *values, uint32_t room, bd_json_scan *scans) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) {
        return read_lines_avx2(keys, text, end, values, room, scans);
    }
#endif
    block_operations block = {equal_plain, quoted_plain, controls_plain, pass_text_plain, number_end_plain};
    return read_lines(block, keys, text, end, values, room, scans);
}

bd_json_keys *bd_json_keys_create(void) {
    bd_json_keys *keys = calloc(1, sizeof(bd_json_keys));
    if (keys) {
        keys->count = 1;
        for (int place = 0; place < stand_count; place++) { keys->keys[0].joint_bits[place] = 1; }
    }
    return keys;
}

void bd_json_keys_free(bd_json_keys *keys) { free(keys); }

uint32_t bd_json_key_parent(const bd_json_keys *keys, uint32_t key) { return keys->keys[key].parent; }

const char *bd_json_key_name(const bd_json_keys *keys, uint32_t key, size_t *length) {
    const char *text = keys->texts + keys->keys[key].start;
    size_t close = keys->keys[key].length - 1;
    while (text[close] != '"') { close--; }
    *length = close - 1;
    return text + 1;
}

uint32_t bd_json_unsettled(const bd_json_keys *keys, uint32_t index) { return keys->listed_keys[index]; }

void bd_json_key_settle(bd_json_keys *keys, uint32_t key, int32_t place) { keys->keys[key].place = place; }
