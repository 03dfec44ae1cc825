#pragma once

/// Helpers of the emulation's tests.

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <string>
#include <vector>

#include "kernels/core/cuda/emulation/control.h"

namespace elm::planted {

using emulation::DeviceFault;
using emulation::Order;
using emulation::Schedule;
using emulation::ScopedSchedule;

/// The schedules that every kernel test runs in.
inline std::vector<Schedule> all_schedules() {
    return {{.order = Order::forward},
            {.order = Order::reverse},
            {.order = Order::random, .seed = 1},
            {.order = Order::random, .seed = 2, .preempt = true}};
}

/// "file.cu:12" for the line with the comment "mark: name". The file lies in planted/.
inline std::string marked_place(const std::string& file, const std::string& mark) {
    std::ifstream source(std::string(ELM_PLANTED_DIR) + "/" + file);
    std::string line;
    for (int number = 1; std::getline(source, line); ++number) {
        const std::size_t found = line.find("mark: " + mark);
        if (found != std::string::npos && line.size() == found + 6 + mark.size()) {
            return file + ":" + std::to_string(number);
        }
    }
    ADD_FAILURE() << "no mark " << mark << " in " << file;
    return "";
}

/// The report of the fault that `action` throws, or "" and a failed test.
inline std::string report_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const DeviceFault& fault) {
        return fault.what();
    }
    ADD_FAILURE() << "no DeviceFault";
    return "";
}

/// Runs `action` in all schedules and expects a fault whose report holds all `parts`.
inline void expect_fault_in_all_schedules(const std::function<void()>& action,
                                          const std::vector<std::string>& parts) {
    for (const Schedule& schedule : all_schedules()) {
        const ScopedSchedule scope(schedule);
        const std::string report = report_of(action);
        for (const std::string& part : parts) {
            EXPECT_NE(report.find(part), std::string::npos) << "missing: " << part << "\n"
                                                            << report;
        }
    }
}

}  // namespace elm::planted
