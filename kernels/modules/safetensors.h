#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "kernels/core/tensor.h"

/// Arrays by name in the format of huggingface/safetensors: 8 bytes, little-endian, with the length
/// of a header in JSON; the header; the elements, little-endian, row-major, without gaps.
namespace elm {

struct NamedTensor {
    std::string name;
    Tensor value;
};

/// Writes tensors of f32, f64, i32 or u8, from any device, in the order given.
/// Throws Error{invalid} for two tensors of one name, or if `path` exists and `force` is false;
/// Error{write} if the file cannot be written.
void write_safetensors(const std::string& path, bool force, std::span<const NamedTensor> tensors,
                       const std::map<std::string, std::string>& metadata = {});

struct SafetensorsFile {
    std::vector<NamedTensor> tensors;  // in the order of their elements in the file
    std::map<std::string, std::string> metadata;
};

/// Reads all tensors onto the device of `stream`. Throws Error{data} naming the file and the tensor
/// if there is no such file, the header is malformed, sizes do not add up, or a tensor has more
/// than four axes or a type other than F32, F64, I32 and U8.
SafetensorsFile read_safetensors(Stream& stream, const std::string& path);

}  // namespace elm
