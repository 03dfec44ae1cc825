#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

namespace elm::test {

/// The bytes of all files in a folder, by name.
inline std::map<std::string, std::string> files_of(const std::string& folder) {
    namespace fs = std::filesystem;
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        if (!entry.is_regular_file()) continue;
        std::ifstream file(entry.path(), std::ios::binary);
        std::stringstream bytes;
        bytes << file.rdbuf();
        files[fs::relative(entry.path(), folder).string()] = bytes.str();
    }
    return files;
}

inline void expect_same_files(const std::string& a, const std::string& b) {
    const auto first = files_of(a), second = files_of(b);
    ASSERT_EQ(first.size(), second.size());
    for (const auto& [name, bytes] : first) {
        ASSERT_TRUE(second.contains(name)) << name;
        EXPECT_TRUE(bytes == second.at(name)) << name;
    }
}

/// What is thrown where a loop is cut.
struct Stopped {};

}  // namespace elm::test
