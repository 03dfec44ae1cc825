#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kernels/core/dtype.h"
#include "kernels/core/stream.h"
#include "kernels/ops/elm/scan_pass.h"
#include "tasks/report/html_page.h"
#include "tasks/report/results_writer.h"

namespace elm {

class Arguments;

/// {"command", "version", "device", "threads", "seconds"}: how every JSON result begins.
Record result_header(const Arguments& arguments, Device device);

/// When, how long, where, by what program and command: how every page begins.
html::Facts page_facts(const Arguments& arguments, Device device);

/// Takes as many threads as --threads says.
void use_threads(const Arguments& arguments);

/// Context that the commands that compute share: device, precision and threads.
class RunContext {
public:
    /// Reads --device, --precision and --threads. Throws Error{unsupported} for a device or a
    /// precision that is not there: tf32 and bf16 are for commands that train, on CUDA.
    explicit RunContext(const Arguments& arguments, bool trains = false);

    Stream& stream() noexcept { return *stream_; }
    DType precision() const noexcept { return precision_; }
    /// bf16, tf32: tensors are float32 and products of the recurrence are in bfloat16 or tf32.
    ElmArithmetic arithmetic() const noexcept { return arithmetic_; }
    /// Says on stderr what the work runs on.
    void announce() const;

private:
    std::unique_ptr<Stream> stream_;
    DType precision_ = DType::f32;
    ElmArithmetic arithmetic_ = ElmArithmetic::exact;
};

/// Largest resident size of this process so far.
std::int64_t peak_memory_bytes();

/// Writes a line of results to stdout. Throws Error{write} if stdout is closed or full.
void print_result(const std::string& text);

}  // namespace elm
