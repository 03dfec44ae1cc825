#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "tasks/data/sample_random.h"
#include "tasks/lra/pathfinder/pathfinder_painting.h"
#include "tasks/lra/pathfinder/pathfinder_tables.h"

namespace elm::pathfinder {

/// A contour that is being laid.
struct Snake {
    std::vector<Paddle> paddles;
    Offset pivot{};
};

/// Lays contours in one window, remembering what stands where.
class Search {
public:
    /// Begins an empty window.
    void begin(const Tables& tables);

    /// Lays both contours of `length` paddles. Returns the number of attempts that it took.
    /// Throws Error{numeric} after a hundred million.
    std::int64_t lay_targets(SampleRandom& random, int length);
    /// Attempts of the last lay_targets() that ended before the first paddle lay.
    std::int64_t seed_failures() const { return seed_failures_; }
    /// Tries to lay one distractor in up to five attempts, which it adds to `tries`. Call
    /// begin_distractors() before the first one.
    void begin_distractors();
    bool lay_distractor(SampleRandom& random, int length, int& tries);

    const std::array<Snake, 2>& targets() const { return targets_; }
    const Snake& distractor() const { return distractor_; }

    // --- parts, which tests look at

    /// Puts a mask of (window, window) values 0 .. 255 into the window.
    void set_mask(const std::vector<std::uint8_t>& values);
    /// Sums of the weights of the choices of a direction, seen from a new pivot. Returns the total.
    double weigh(const Direction& direction, const Offset& pivot);
    const std::vector<double>& running_weights() const { return running_; }

private:
    bool lay_both(SampleRandom& random, int length);
    bool seed_first(SampleRandom& random, Snake& snake);
    bool seed_second(SampleRandom& random, const Paddle& first, Snake& snake);
    bool seed_distractor(SampleRandom& random, Snake& snake);
    bool find_free_tail(SampleRandom& random, const SeedPlaces& places, Offset& tail) const;
    bool few_free() const;
    bool begin_snake(Snake& snake, int row, int column, int degree) const;
    bool extend(SampleRandom& random, Snake& snake);
    void occupy(const Paddle& paddle);
    void restore(const Canvas& mask);
    void empty();
    double chance(const Choice& choice, const Offset& pivot) const;
    bool draw_choice(SampleRandom& random, const Direction& direction, const Offset& pivot,
                     bool& weighed, std::size_t& chosen);

    const Tables* tables_ = nullptr;
    std::int64_t seed_failures_ = 0;
    Canvas mask_;                   // what is occupied
    Canvas kept_mask_;              // before the distractor that is being laid
    std::vector<Paddle> occupied_;  // since the last restore
    std::vector<double> running_;
    std::array<Snake, 2> targets_;
    Snake distractor_;
};

}  // namespace elm::pathfinder
