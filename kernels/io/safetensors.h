#pragma once

#include <map>
#include <span>
#include <string>

#include "kernels/core/tensor.h"
#include "kernels/io/state_dict.h"

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

/// True if `path` is a file that begins as the format does, or has its ending.
bool is_safetensors(const std::string& path);

/// Reads all arrays, in the order of their elements in the file. Texts of the metadata become the
/// values that they spell, in JSON or in Python ("5.0", "true", "True", "\"relu\""); none at all
/// for "null" and "None"; the members of an object stand beside the others. Throws Error{data}
/// naming the file and the array if there is no such file, the header is malformed, sizes do not
/// add up, or an array is of a type that is neither real, whole nor boolean.
StateDict read_safetensors(const std::string& path);

/// The same from the bytes of a file; `name` stands for the path.
StateDict read_safetensors(const std::string& name, std::string_view bytes);

}  // namespace elm
