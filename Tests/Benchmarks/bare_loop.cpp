// The least that reading events as JSON can cost: simdjson's on-demand parser over a file of lines, three fields of each, and
// nothing done with them but counting.
//
//   clang++ -O2 -std=c++17 bare_loop.cpp -o bare_loop -lsimdjson -pthread && bare_loop FILE [THREADS]
#include <simdjson.h>

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace simdjson;

struct Count {
    size_t events = 0, failing = 0, bytes = 0;
};

// Reads the lines that begin in a range, a block of whole lines at a time, as blamedeploy does.
static void read_range(int file, size_t from, size_t until, size_t size, Count *count) {
    const size_t block = 1 << 20;
    std::vector<char> buffer(block + SIMDJSON_PADDING);
    ondemand::parser parser;
    size_t offset = from;
    bool is_skipping = from > 0;
    if (is_skipping) { offset--; }
    while (offset < until) {
        ssize_t filled = pread(file, buffer.data(), block, (off_t)offset);
        if (filled <= 0) { break; }
        size_t start = 0, end = (size_t)filled;
        if (is_skipping) {
            while (start < end && buffer[start] != '\n') { start++; }
            start++;
            is_skipping = false;
        }
        if (offset + end < size) {
            while (end > start && buffer[end - 1] != '\n') { end--; }
        }
        if (offset + end >= until) {
            size_t last = until - 1 - offset;
            while (last < end && buffer[last] != '\n') { last++; }
            end = last < end ? last + 1 : end;
        }
        if (end <= start) { break; }
        ondemand::document_stream lines;
        if (parser.iterate_many(buffer.data() + start, end - start, end - start + 64).get(lines)) { std::abort(); }
        for (auto line : lines) {
            std::string_view time, pod;
            bool error = false;
            if (line["timestamp"].get(time) || line["k8s.pod.name"].get(pod) || line["error"].get(error)) { continue; }
            count->events++;
            count->failing += error;
            count->bytes += time.size() + pod.size();
        }
        offset += end;
    }
}

int main(int argc, char **argv) {
    if (argc < 2) { return 64; }
    unsigned threads = argc > 2 ? (unsigned)std::atoi(argv[2]) : std::thread::hardware_concurrency();
    int file = open(argv[1], O_RDONLY);
    struct stat status;
    if (file < 0 || fstat(file, &status) != 0) { return 66; }
    size_t size = (size_t)status.st_size;
    std::vector<Count> counts(threads);
    std::vector<std::thread> workers;
    for (unsigned index = 0; index < threads; index++) {
        workers.emplace_back(
            read_range, file, size * index / threads, size * (index + 1) / threads, size, &counts[index]);
    }
    Count all;
    for (unsigned index = 0; index < threads; index++) {
        workers[index].join();
        all.events += counts[index].events;
        all.failing += counts[index].failing;
        all.bytes += counts[index].bytes;
    }
    std::printf("%zu events, %zu failing, %zu bytes\n", all.events, all.failing, all.bytes);
}
