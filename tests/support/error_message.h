#pragma once

#include <gtest/gtest.h>

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

/// A message says `part` somewhere.
inline void expect_part(const std::string& message, const std::string& part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
}

}  // namespace elm::test
