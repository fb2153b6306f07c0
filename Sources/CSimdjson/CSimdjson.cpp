#include "CSimdjson.h"

#include <simdjson.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <vector>

using namespace simdjson;

struct bd_parser {
    ondemand::parser parser;
    std::vector<bd_field> fields;
    // Dotted paths of nested leaves; a deque keeps their addresses while it grows.
    std::deque<std::string> paths;
    std::string error;
};

namespace {

constexpr int deepest = 64;

void append(bd_parser &self, std::string_view path, int kind, std::string_view text, double number) {
    self.fields.push_back({path.data(), path.size(), text.data(), text.size(), number, kind});
}

/* A value that holds no others. */
error_code append_scalar(bd_parser &self, std::string_view path, ondemand::value value, ondemand::json_type type) {
    switch (type) {
        case ondemand::json_type::number: {
            std::string_view token = value.raw_json_token();
            while (!token.empty() && (unsigned char)token.back() <= ' ') { token.remove_suffix(1); }
            double number;
            if (auto failed = value.get_double().get(number)) { return failed; }
            append(self, path, BD_FIELD_NUMBER, token, number);
            return SUCCESS;
        }
        case ondemand::json_type::string: {
            std::string_view text;
            if (auto failed = value.get_string().get(text)) { return failed; }
            append(self, path, BD_FIELD_STRING, text, 0);
            return SUCCESS;
        }
        case ondemand::json_type::boolean: {
            bool flag;
            if (auto failed = value.get_bool().get(flag)) { return failed; }
            append(self, path, BD_FIELD_BOOL, flag ? "true" : "false", flag ? 1 : 0);
            return SUCCESS;
        }
        case ondemand::json_type::null: {
            if (!value.is_null()) { return N_ATOM_ERROR; }
            append(self, path, BD_FIELD_NULL, "", 0);
            return SUCCESS;
        }
        default: return INCORRECT_TYPE;
    }
}

error_code visit(bd_parser &self, ondemand::object object, std::string_view prefix, int depth) {
    if (depth > deepest) { return DEPTH_ERROR; }
    for (auto member : object) {
        std::string_view key;
        if (auto failed = member.unescaped_key().get(key)) { return failed; }
        ondemand::value value;
        if (auto failed = member.value().get(value)) { return failed; }
        std::string_view path = key;
        if (!prefix.empty()) {
            std::string &joined = self.paths.emplace_back(prefix);
            joined.push_back('.');
            joined.append(key);
            path = joined;
        }
        ondemand::json_type type;
        if (auto failed = value.type().get(type)) { return failed; }
        switch (type) {
            case ondemand::json_type::object: {
                ondemand::object inner;
                if (auto failed = value.get_object().get(inner)) { return failed; }
                if (auto failed = visit(self, inner, path, depth + 1)) { return failed; }
                break;
            }
            case ondemand::json_type::array: {
                ondemand::array array;
                std::string_view text;
                if (auto failed = value.get_array().get(array)) { return failed; }
                if (auto failed = array.raw_json().get(text)) { return failed; }
                while (!text.empty() && text.back() != ']') { text.remove_suffix(1); }
                append(self, path, BD_FIELD_ARRAY, text, 0);
                break;
            }
            default: {
                if (auto failed = append_scalar(self, path, value, type)) { return failed; }
                break;
            }
        }
    }
    return SUCCESS;
}

error_code parse(bd_parser &self, const char *text, size_t length) {
    ondemand::document document;
    auto view = padded_string_view(text, length, length + SIMDJSON_PADDING);
    if (auto failed = self.parser.iterate(view).get(document)) { return failed; }
    ondemand::object object;
    if (auto failed = document.get_object().get(object)) { return failed; }
    if (auto failed = visit(self, object, {}, 0)) { return failed; }
    const char *rest;
    return document.current_location().get(rest) == OUT_OF_BOUNDS ? SUCCESS : TRAILING_CONTENT;
}

error_code parse_array(bd_parser &self, const char *text, size_t length) {
    ondemand::document document;
    auto view = padded_string_view(text, length, length + SIMDJSON_PADDING);
    if (auto failed = self.parser.iterate(view).get(document)) { return failed; }
    ondemand::array array;
    if (auto failed = document.get_array().get(array)) { return failed; }
    for (auto element : array) {
        ondemand::value value;
        ondemand::json_type type;
        if (auto failed = element.get(value)) { return failed; }
        if (auto failed = value.type().get(type)) { return failed; }
        if (auto failed = append_scalar(self, {}, value, type)) { return failed; }
    }
    const char *rest;
    return document.current_location().get(rest) == OUT_OF_BOUNDS ? SUCCESS : TRAILING_CONTENT;
}

}  // namespace

struct bd_strings {
    ondemand::parser parser;
};

extern "C" {

bd_strings *bd_strings_create(void) { return new (std::nothrow) bd_strings; }

void bd_strings_free(bd_strings *strings) { delete strings; }

long bd_strings_unescape(bd_strings *strings, const char *text, size_t length, char *plain) {
    try {
        ondemand::document document;
        std::string_view string;
        auto view = padded_string_view(text, length, length + SIMDJSON_PADDING);
        if (strings->parser.iterate(view).get(document) || document.get_string().get(string)) { return -1; }
        std::copy(string.begin(), string.end(), plain);
        return (long)string.size();
    } catch (...) { return -1; }
}

int bd_is_utf8(const char *text, size_t length) { return validate_utf8(text, length); }

size_t bd_padding(void) { return SIMDJSON_PADDING; }

bd_parser *bd_parser_create(void) { return new (std::nothrow) bd_parser; }

void bd_parser_free(bd_parser *parser) { delete parser; }

long bd_parser_parse(bd_parser *parser, const char *text, size_t length) {
    parser->fields.clear();
    parser->paths.clear();
    try {
        if (auto failed = parse(*parser, text, length)) {
            parser->error = failed == INCORRECT_TYPE ? "this is not a JSON object" : error_message(failed);
            return -1;
        }
        return (long)parser->fields.size();
    } catch (...) {
        parser->fields.clear();
        return -1;
    }
}

long bd_parser_parse_array(bd_parser *parser, const char *text, size_t length) {
    parser->fields.clear();
    try {
        if (!parse_array(*parser, text, length)) { return (long)parser->fields.size(); }
    } catch (...) {}
    parser->fields.clear();
    return -1;
}

const bd_field *bd_parser_fields(const bd_parser *parser) { return parser->fields.data(); }

const char *bd_parser_error(const bd_parser *parser) { return parser->error.c_str(); }
}
