#include "CJSONLines.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#define INLINE static inline __attribute__((always_inline))

enum { key_limit = 4096, text_limit = 1 << 18, slot_count = 2 * key_limit, deepest = 32, unsettled = -2 };

typedef struct {
    uint32_t start, length;
    int32_t place;
    uint16_t parent;
    /* Which keys came next the last times, inside the object and behind the value, the last one first; 0 for none. */
    uint16_t inside[2], behind[2];
    uint8_t has_high;
} json_key;

struct bd_json_keys {
    uint32_t count, text_count;
    json_key keys[key_limit];
    /* Keys by their hash; 0 for none. */
    uint16_t slots[slot_count];
    /* 64 more bytes, because texts are compared in blocks. */
    char texts[text_limit + 64];
};

/* What is asked of 32 bytes at a time: a bit for each, the first lowest. */
typedef struct {
    uint32_t (*equal)(const char *, const char *);
    /* Quotes, backslashes and control characters; `high` gets the bytes beyond ASCII. */
    uint32_t (*special)(const char *, uint32_t *high);
    /* What cannot stand in a number. */
    uint32_t (*no_number)(const char *);
} block_operations;

#if defined(__x86_64__)

__attribute__((target("avx2"))) INLINE uint32_t equal_avx2(const char *a, const char *b) {
    __m256i x = _mm256_loadu_si256((const __m256i *)a), y = _mm256_loadu_si256((const __m256i *)b);
    return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(x, y));
}

__attribute__((target("avx2"))) INLINE uint32_t special_avx2(const char *text, uint32_t *high) {
    __m256i x = _mm256_loadu_si256((const __m256i *)text);
    __m256i quotes = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('"')), slashes = _mm256_cmpeq_epi8(x, _mm256_set1_epi8('\\'));
    __m256i controls = _mm256_cmpeq_epi8(_mm256_min_epu8(x, _mm256_set1_epi8(0x1F)), x);
    *high = (uint32_t)_mm256_movemask_epi8(x);
    return (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(_mm256_or_si256(quotes, slashes), controls));
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

INLINE uint32_t bits_sse2(__m128i low, __m128i high) {
    return (uint32_t)_mm_movemask_epi8(low) | (uint32_t)_mm_movemask_epi8(high) << 16;
}

INLINE uint32_t equal_plain(const char *a, const char *b) {
    return bits_sse2(
        _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)a), _mm_loadu_si128((const __m128i *)b)),
        _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(a + 16)), _mm_loadu_si128((const __m128i *)(b + 16))));
}

INLINE __m128i special_sse2(__m128i x) {
    __m128i quotes = _mm_cmpeq_epi8(x, _mm_set1_epi8('"')), slashes = _mm_cmpeq_epi8(x, _mm_set1_epi8('\\'));
    return _mm_or_si128(_mm_or_si128(quotes, slashes), _mm_cmpeq_epi8(_mm_min_epu8(x, _mm_set1_epi8(0x1F)), x));
}

INLINE uint32_t special_plain(const char *text, uint32_t *high) {
    __m128i x = _mm_loadu_si128((const __m128i *)text), y = _mm_loadu_si128((const __m128i *)(text + 16));
    *high = bits_sse2(x, y);
    return bits_sse2(special_sse2(x), special_sse2(y));
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

INLINE uint8x16_t special_neon(uint8x16_t x) {
    uint8x16_t quoted = vorrq_u8(vceqq_u8(x, vdupq_n_u8('"')), vceqq_u8(x, vdupq_n_u8('\\')));
    return vorrq_u8(quoted, vcltq_u8(x, vdupq_n_u8(0x20)));
}

INLINE uint32_t special_plain(const char *text, uint32_t *high) {
    uint8x16_t x = vld1q_u8((const uint8_t *)text), y = vld1q_u8((const uint8_t *)text + 16);
    uint8x16_t limit = vdupq_n_u8(0x80);
    *high = bits_neon(vcgeq_u8(x, limit), vcgeq_u8(y, limit));
    return bits_neon(special_neon(x), special_neon(y));
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

INLINE uint32_t special_plain(const char *text, uint32_t *high) {
    uint32_t bits = 0;
    *high = 0;
    for (int index = 0; index < 32; index++) {
        uint8_t byte = (uint8_t)text[index];
        bits |= (uint32_t)(byte == '"' || byte == '\\' || byte < 0x20) << index;
        *high |= (uint32_t)(byte >> 7) << index;
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

INLINE const char *skip_space(const char *at, const char *end) {
    while (at < end && (*at == ' ' || *at == '\t' || *at == '\r')) { at++; }
    return at;
}

/* The quote that closes a string; NULL without one on this line. `at` is behind the one that opens it. */
INLINE const char *string_end(block_operations block, const char *at, const char *end, int *is_escaped, int *has_high) {
    while (at < end) {
        uint32_t high, special = block.special(at, &high);
        if (!special) {
            *has_high |= high != 0;
            at += 32;
            continue;
        }
        int first = __builtin_ctz(special);
        *has_high |= (high & ((1u << first) - 1)) != 0;
        at += first;
        if (at >= end) { return NULL; }
        if (*at == '"') { return at; }
        if (*at != '\\') { return NULL; }
        *is_escaped = 1;
        /* A newline cannot be escaped, and bytes beyond ASCII that follow a backslash are no escape. */
        if ((uint8_t)at[1] < 0x20 || (uint8_t)at[1] > 0x7E) { return NULL; }
        at += 2;
    }
    return NULL;
}

/* Behind the bracket that closes an array; NULL without one on this line. `at` is the one that opens it. */
INLINE const char *array_end(block_operations block, const char *at, const char *end, int *has_high) {
    int depth = 0, is_escaped = 0;
    while (at < end) {
        uint8_t byte = (uint8_t)*at++;
        if (byte == '"') {
            at = string_end(block, at, end, &is_escaped, has_high);
            if (!at) { return NULL; }
            at++;
        } else if (byte == '[' || byte == '{') {
            depth++;
        } else if (byte == ']' || byte == '}') {
            if (--depth == 0) { return byte == ']' ? at : NULL; }
        } else if (byte < 0x20 ? byte != '\t' && byte != '\r' : byte > 0x7E) {
            return NULL;
        }
    }
    return NULL;
}

INLINE int is_spelled(
    block_operations block, const bd_json_keys *self, const json_key *key, const char *text, const char *end) {
    const char *own = self->texts + key->start;
    uint32_t length = key->length;
    if (length > 32) { return (size_t)(end - text) >= length && memcmp(own, text, length) == 0; }
    return (uint32_t)((uint64_t)~block.equal(own, text) << (32 - length)) == 0;
}

/* Finds a key by its text, or makes it known; 0 when it is no plain key, or when there is no more room. */
static __attribute__((noinline)) uint32_t look_up(
    block_operations block, bd_json_keys *self, const char *text, const char *end, uint32_t parent) {
    int is_escaped = 0, has_high = 0;
    if (*text != '"') { return 0; }
    const char *close = string_end(block, text + 1, end, &is_escaped, &has_high);
    if (!close || is_escaped) { return 0; }
    const char *colon = skip_space(close + 1, end);
    if (colon >= end || *colon != ':') { return 0; }
    size_t length = (size_t)(colon + 1 - text);
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
        .start = self->text_count, .length = (uint32_t)length, .place = unsettled, .parent = (uint16_t)parent,
        .has_high = (uint8_t)has_high};
    memcpy(self->texts + self->text_count, text, length);
    self->text_count += (uint32_t)length;
    self->keys[self->count] = key;
    self->slots[slot] = (uint16_t)self->count;
    return self->count++;
}

INLINE void read_line(
    block_operations block, bd_json_keys *self, const char *text, const char *end, bd_json_value *values, uint32_t room,
    bd_json_scan *scan) {
    scan->reason = BD_JSON_OTHER;
    const char *at = skip_space(text, end);
    if (at >= end || *at != '{') { return; }
    scan->start = at++;
    uint32_t parents[deepest], depth = 0, count = 0;
    int has_high = 0;
    parents[0] = 0;
    uint16_t *next = self->keys[0].inside;
    while (1) {
        /* A key with its colon. */
        if (*at != '"') { at = skip_space(at, end); }
        if (at >= end) { return; }
        uint32_t id = next[0];
        if (!id || !is_spelled(block, self, self->keys + id, at, end)) {
            id = next[1];
            if (!id || !is_spelled(block, self, self->keys + id, at, end)) {
                id = look_up(block, self, at, end, parents[depth]);
                if (!id) { return; }
            }
            next[1] = next[0];
            next[0] = (uint16_t)id;
        }
        json_key *key = self->keys + id;
        has_high |= key->has_high;
        at += key->length;
        if ((uint8_t)*at <= ' ') { at = skip_space(at, end); }
        if (at >= end) { return; }

        /* Its value. */
        const char *from = at;
        uint8_t first = (uint8_t)*at, kind;
        int is_escaped = 0;
        size_t length;
        if (first == '"') {
            kind = BD_JSON_STRING;
            from++;
            at = string_end(block, from, end, &is_escaped, &has_high);
            if (!at) { return; }
            length = (size_t)(at - from);
            at++;
        } else if ((uint8_t)(first - '0') < 10 || first == '-') {
            kind = BD_JSON_NUMBER;
            uint32_t behind = block.no_number(at);
            while (!behind && at < end) { behind = block.no_number(at += 32); }
            if (at >= end) { return; }
            at += __builtin_ctz(behind);
            length = (size_t)(at - from);
        } else if (first == '{') {
            at = skip_space(at + 1, end);
            if (at >= end) { return; }
            if (*at != '}') {
                if (depth + 1 == deepest) { return; }
                parents[++depth] = id;
                next = key->inside;
                continue;
            }
            at++;
            goto behind_value;
        } else if (first == '[') {
            kind = BD_JSON_ARRAY;
            at = array_end(block, at, end, &has_high);
            if (!at) { return; }
            length = (size_t)(at - from);
        } else {
            kind = first == 'n' ? BD_JSON_NULL : BD_JSON_BOOL;
            length = first == 'f' ? 5 : 4;
            if (memcmp(at, first == 'f' ? "fals" : first == 't' ? "true" : "null", 4) != 0) { return; }
            if (first == 'f' && at[4] != 'e') { return; }
            at += length;
        }
        if (key->place != -1) {
            if (key->place == unsettled) {
                scan->reason = BD_JSON_UNSETTLED;
                scan->key = id;
                return;
            }
            if (count == room) { return; }
            bd_json_value value = {
                .text = from, .length = (uint32_t)length, .place = (int16_t)key->place, .kind = kind,
                .is_escaped = (uint8_t)is_escaped};
            values[count++] = value;
        }

    behind_value:
        /* A comma, or the end of this object and perhaps of those around it. */
        while (1) {
            next = key->behind;
            if (at < end && *at != ',' && *at != '}') { at = skip_space(at, end); }
            if (at >= end) { return; }
            uint8_t byte = (uint8_t)*at++;
            if (byte == ',') { break; }
            if (byte != '}') { return; }
            if (depth == 0) {
                scan->reason = BD_JSON_OBJECT;
                scan->end = at;
                scan->count = count;
                scan->has_high = has_high;
                return;
            }
            key = self->keys + parents[depth--];
        }
    }
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi"))) static void read_avx2(
    bd_json_keys *keys, const char *text, const char *end, bd_json_value *values, uint32_t room, bd_json_scan *scan) {
    block_operations block = {equal_avx2, special_avx2, no_number_avx2};
    read_line(block, keys, text, end, values, room, scan);
}
#endif

void bd_json_read(
    bd_json_keys *keys, const char *text, const char *end, bd_json_value *values, uint32_t room, bd_json_scan *scan) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) {
        read_avx2(keys, text, end, values, room, scan);
        return;
    }
#endif
    block_operations block = {equal_plain, special_plain, no_number_plain};
    read_line(block, keys, text, end, values, room, scan);
}

bd_json_keys *bd_json_keys_create(void) {
    bd_json_keys *keys = calloc(1, sizeof(bd_json_keys));
    if (keys) { keys->count = 1; }
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

void bd_json_key_settle(bd_json_keys *keys, uint32_t key, int32_t place) { keys->keys[key].place = place; }
