#pragma once

#include <functional>
#include <string>

#include "kernels/core/support/error.h"

namespace elm::test {

/// Message of the Error that leaves `work`, or "no error".
inline std::string message_of(const std::function<void()>& work) {
    try {
        work();
    } catch (const Error& error) {
        return error.message();
    }
    return "no error";
}

}  // namespace elm::test
