#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kernels/core/dtype.h"
#include "kernels/core/shape.h"
#include "kernels/io/value.h"

/// The parameters of a model as training programs save them: arrays by name, and settings beside
/// them.
namespace elm {

class Hdf5File;

/// One named array of a model. Values are held in float64, which keeps every float32 exactly.
struct NamedArray {
    std::string name;
    std::vector<std::int64_t> shape;
    std::vector<double> values;
    DType stored = DType::f32;  // nearest to the type in the file it came from
};

inline Shape shape_of(const NamedArray& array) {
    return Shape(std::span<const std::int64_t>(array.shape));
}

struct StateDict {
    std::string path;  // of the file, for messages
    Values attributes;
    std::vector<NamedArray> arrays;
};

/// Reads the datasets of a group and of the groups in it, whose names are joined by dots:
/// mlp/network.0/weight is the array mlp.network.0.weight. Throws Error{data} for datasets that
/// hold no numbers.
std::vector<NamedArray> read_arrays(const Hdf5File& file, const std::string& group);

/// The settings of a model file: the attributes at its root, or its metadata. Throws Error{data} if
/// it cannot be read. `names` as for Hdf5File::attributes.
Values read_model_attributes(const std::string& path, const std::vector<std::string>& names);

/// Takes off the words that wrappers of models put before every name ("module.", "_orig_mod.",
/// "model.net."), where what is left are names of `expected`.
void unwrap_names(std::vector<NamedArray>& arrays, std::span<const NamedArray> expected);

/// In what `found` differs from `expected`, in one short line: missing, superfluous and wrongly
/// shaped arrays. Empty if nothing.
std::string array_differences(std::span<const NamedArray> expected,
                              std::span<const NamedArray> found);

}  // namespace elm
