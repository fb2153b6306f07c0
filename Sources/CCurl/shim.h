#ifndef BLAMEDEPLOY_CCURL_SHIM_H
#define BLAMEDEPLOY_CCURL_SHIM_H

#include <curl/curl.h>

/* curl_easy_setopt and curl_easy_getinfo take an argument of any type; Swift does not see such functions. */
static inline CURLcode blamedeploy_curl_set_long(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode blamedeploy_curl_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode blamedeploy_curl_set_list(CURL *handle, CURLoption option, struct curl_slist *value) {
    return curl_easy_setopt(handle, option, value);
}

static inline CURLcode blamedeploy_curl_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

typedef size_t (*blamedeploy_curl_sink)(char *bytes, size_t size, size_t count, void *context);

static inline CURLcode blamedeploy_curl_set_sink(CURL *handle, CURLoption option, blamedeploy_curl_sink value) {
    return curl_easy_setopt(handle, option, value);
}

/* The size first, since the bytes may hold zeros; curl keeps a copy. Without bytes it would read standard input. */
static inline CURLcode blamedeploy_curl_set_body(CURL *handle, const void *bytes, size_t count) {
    CURLcode result = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    return result == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, bytes ? bytes : "") : result;
}

static inline CURLcode blamedeploy_curl_get_long(CURL *handle, CURLINFO info, long *value) {
    return curl_easy_getinfo(handle, info, value);
}

static inline CURLcode blamedeploy_curl_get_size(CURL *handle, CURLINFO info, curl_off_t *value) {
    return curl_easy_getinfo(handle, info, value);
}

/* The text replaced the bit mask in 7.85. */
static inline CURLcode blamedeploy_curl_only_http(CURL *handle) {
#if LIBCURL_VERSION_NUM >= 0x075500
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    return curl_easy_setopt(handle, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
}

#endif
