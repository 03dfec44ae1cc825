#include "kernels/modules/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

#include "kernels/core/support/check.h"

namespace elm {

void LearningRate::check() const {
    ELM_CHECK(std::isfinite(peak) && peak >= 0,
              "learning_rate must be a number of at least 0 (got {})", peak);
    ELM_CHECK(warmup_steps >= 0, "warmup_steps must be at least 0 (got {})", warmup_steps);
    ELM_CHECK(schedule != Schedule::cosine || total_steps > warmup_steps,
              "a cosine schedule of {} steps has no room for {} steps of warm-up", total_steps,
              warmup_steps);
    ELM_CHECK(step_length > 0, "step_length must be at least 1 (got {})", step_length);
    ELM_CHECK(step_factor >= 0 && step_factor <= 1, "step_factor must be 0 to 1 (got {})",
              step_factor);
}

double LearningRate::at(std::int64_t step) const {
    const auto real = [](std::int64_t count) { return static_cast<double>(count); };
    if (step < warmup_steps) return peak * real(step + 1) / real(warmup_steps);
    const std::int64_t since = step - warmup_steps;
    switch (schedule) {
        case Schedule::constant:
            break;
        case Schedule::cosine: {
            const double part = std::min(1.0, real(since) / real(total_steps - warmup_steps));
            return peak * 0.5 * (1 + std::cos(std::numbers::pi * part));
        }
        case Schedule::step:
            return peak * std::pow(step_factor, real(since / step_length));
        case Schedule::reciprocal_root: {
            const double knee = real(std::max<std::int64_t>(warmup_steps, 1));
            return peak * std::sqrt(knee / (knee + real(since)));
        }
    }
    return peak;
}

namespace {

constexpr std::pair<std::string_view, Schedule> schedules[] = {
    {"constant", Schedule::constant},
    {"cosine", Schedule::cosine},
    {"step", Schedule::step},
    {"reciprocal_root", Schedule::reciprocal_root},
};

}  // namespace

void declare_learning_rate(OptionSet& options) {
    const LearningRate usual;
    std::vector<std::string> names;
    for (const auto& [name, schedule] : schedules) names.emplace_back(name);
    options.declare({.name = "schedule",
                     .value = names.front(),
                     .help = "how the learning rate falls after the warm-up",
                     .choices = names});
    options.declare({.name = "learning_rate",
                     .value = usual.peak,
                     .help = "largest learning rate",
                     .lowest = 0,
                     .search = {.low = 1e-4, .high = 3e-2, .logarithmic = true}});
    options.declare({.name = "warmup_steps",
                     .value = usual.warmup_steps,
                     .help = "steps in which the learning rate rises to its largest value",
                     .lowest = 0});
    options.declare({.name = "step_length",
                     .value = usual.step_length,
                     .help = "schedule step: training steps between two falls",
                     .lowest = 1});
    options.declare({.name = "step_factor",
                     .value = usual.step_factor,
                     .help = "schedule step: factor of each fall",
                     .lowest = 0,
                     .highest = 1});
}

LearningRate learning_rate_of(const OptionSet& options, std::int64_t total_steps) {
    LearningRate rate;
    for (const auto& [name, schedule] : schedules) {
        if (name == options.get<std::string>("schedule")) rate.schedule = schedule;
    }
    rate.peak = options.get<double>("learning_rate");
    rate.warmup_steps = options.get<std::int64_t>("warmup_steps");
    rate.total_steps = total_steps;
    rate.step_length = options.get<std::int64_t>("step_length");
    rate.step_factor = options.get<double>("step_factor");
    rate.check();
    return rate;
}

}  // namespace elm
