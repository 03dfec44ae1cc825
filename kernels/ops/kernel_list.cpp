#include "kernels/ops/kernel_list.h"

#include "kernels/ops/kernel_headers.h"

namespace elm {
namespace {

template <class Args>
KernelEntry entry(const Kernel<Args>& kernel, std::string_view type) {
    return {kernel.name, type, kernel.cpu != nullptr, kernel.cuda != nullptr};
}

}  // namespace

std::vector<KernelEntry> all_kernels() {
    return {
#define ELM_KERNEL_real(kernel) entry(kernel<float>, "f32"), entry(kernel<double>, "f64")
#define ELM_KERNEL_integer(kernel) \
    entry(kernel<std::int32_t>, "i32"), entry(kernel<std::int64_t>, "i64")
#define ELM_KERNEL_plain(kernel) entry(kernel, "-")
#define ELM_KERNEL(header, types, kernel) ELM_KERNEL_##types(kernel),
#include "kernels/ops/kernel_lists.h"
#undef ELM_KERNEL
    };
}

}  // namespace elm
