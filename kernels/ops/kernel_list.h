#pragma once

#include <string_view>
#include <vector>

namespace elm {

/// One kernel of this build and the devices that have an implementation of it.
struct KernelEntry {
    std::string_view name;
    std::string_view type;  // "f32", "f64", "i32", "i64", or "-" where there is one form only
    bool cpu = false, cuda = false;
};

/// Every kernel, for `elmsim list kernels` and the test of slots. A new kernel needs a line in the
/// kernels.def of its family.
std::vector<KernelEntry> all_kernels();

}  // namespace elm
