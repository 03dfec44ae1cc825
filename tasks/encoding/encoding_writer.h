#pragma once

#include <set>
#include <string>

#include "kernels/io/hdf5_file.h"
#include "kernels/io/output_file.h"
#include "tasks/encoding/encode_file.h"

namespace elm {

/// Writes encodings as a file of spikes: a group each with `times` (ms) and `units`, or `values`
/// (steps, units) of encoders without spikes, and the attributes duration_ms, step_ms, n_units.
/// Nothing stands under the name of the file before finish().
class EncodingWriter {
public:
    /// Throws as OutputFile does. `config`: what the encodings were made by, as TOML. `dense`:
    /// beside the spikes also `bins`, how many a unit has in a step, (steps, units) of 32 bits,
    /// compressed.
    EncodingWriter(const std::string& path, bool force, const std::string& encoder,
                   const std::string& config, bool dense = false);

    /// A second file of the same name is called NAME-2.
    void add(const EncodedFile& file);
    void finish();

private:
    void add_bins(const std::string& group, const Encoding& encoding);

    OutputFile output_;
    Hdf5File file_;
    bool dense_;
    std::set<std::string> names_;
};

}  // namespace elm
