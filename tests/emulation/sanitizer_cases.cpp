// Runs one planted case and prints "done: <result>". Built once per sanitizer; the tests match what
// the sanitizer prints (expect_report.cmake).

#include <cmath>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>

#include "kernels/core/cuda/emulation/control.h"
#include "kernels/core/cuda/emulation/runtime.h"
#include "tests/emulation/planted/planted.h"

namespace {

using namespace elm;
using namespace elm::planted;

struct Case {
    const char* name;
    std::string (*run)();
};

template <auto Function, auto... Arguments>
std::string run() {
    Function(Arguments...);
    return "ran";
}

std::string all_right(const std::string& first_difference) {
    return first_difference.empty() ? "all right" : "wrong: " + first_difference;
}

std::string concurrently(std::string (*action)()) {
    emulation::Schedule schedule = emulation::schedule();
    schedule.concurrent_blocks = true;
    const emulation::ScopedSchedule scope(schedule);
    return action();
}

std::string write_past_global_buffer() {
    auto* buffer = static_cast<float*>(emulation::device_allocate(8 * sizeof(float)));
    write_at(buffer, 8);
    emulation::device_free(buffer);
    return "ran";
}

template <float (*Load)(const float*)>
std::string load_misaligned() {
    alignas(16) const float input[8] = {};
    return std::to_string(Load(input + 1));
}

/// Branches on the values, which is where valgrind reports them.
std::string count_unwritten_shared() {
    int nan_count = 0;
    for (const float value : read_unwritten_shared(32)) nan_count += std::isnan(value) ? 1 : 0;
    return std::to_string(nan_count);
}

std::string fault_and_go_on() {
    for (int i = 0; i < 3; ++i) {
        try {
            divergent_barrier(64);
        } catch (const emulation::DeviceFault&) {
        }
    }
    return all_right(check_good_kernels(64));
}

const Case cases[] = {
    {"good", [] { return all_right(check_good_kernels(64)); }},
    {"good_128", [] { return all_right(check_good_kernels(128)); }},
    {"good_concurrent_blocks",
     [] { return concurrently([] { return all_right(check_concurrent_blocks()); }); }},
    {"after_fault", fault_and_go_on},
    {"too_many_threads", [] { return all_right(check_good_kernels(256)); }},
    {"missing_barrier", run<missing_barrier, 64u>},
    {"missing_second_barrier", run<missing_second_barrier, 64u, 3>},
    {"lost_update", run<lost_update, 32u>},
    {"atomic_update", run<planted::atomic_update, 32u>},
    {"exchange", run<exchange_through_shared, WarpOrder::nothing>},
    {"exchange_shuffle", run<exchange_through_shared, WarpOrder::shuffle>},
    {"exchange_barrier", run<exchange_through_shared, WarpOrder::barrier>},
    {"one_address", run<blocks_write_one_address, 3u>},
    {"one_address_concurrent", [] { return concurrently(run<blocks_write_one_address, 3u>); }},
    {"unwritten_shared", count_unwritten_shared},
    {"fixed_array", run<past_fixed_array, 1u>},
    {"dynamic_shared", run<past_dynamic_shared>},
    {"global_buffer", write_past_global_buffer},
    {"misaligned", load_misaligned<misaligned_vector_load>},
    {"misaligned_member", load_misaligned<misaligned_vector_member>},
    {"copy", run<asynchronous_copy, CopyFault::none, 32u>},
    {"copy_without_barrier", run<asynchronous_copy, CopyFault::barrier_missing, 32u>},
};

}  // namespace

int main(int count, char** arguments) {
    for (const Case& one : cases) {
        if (count != 2 || std::strcmp(one.name, arguments[1]) != 0) continue;
        try {
            std::printf("done: %s\n", one.run().c_str());
        } catch (const std::exception& error) {
            std::printf("thrown: %s\n", error.what());
        }
        return 0;
    }
    std::fprintf(stderr, "usage: %s CASE\n", arguments[0]);
    return 2;
}
