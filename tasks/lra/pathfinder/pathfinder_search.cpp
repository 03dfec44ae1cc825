// Search for places of contours: see pathfinder.h for the rules and their source.

#include "tasks/lra/pathfinder/pathfinder_search.h"

#include <cmath>

#include "kernels/core/support/check.h"

namespace elm::pathfinder {
namespace {

constexpr int tail_draws = 3, candidate_draws = 3, distractor_attempts = 5;
constexpr double least_weight = 1e-4;
constexpr std::int64_t most_attempts = 100'000'000;
constexpr int unblocked = 76;  // largest such value of the mask: 0.3

}  // namespace

void Search::begin(const Tables& tables) {
    tables_ = &tables;
    mask_ = tables.empty_mask;
    occupied_.clear();
}

void Search::occupy(const Paddle& paddle) {
    const Direction& direction = tables_->directions[static_cast<std::size_t>(paddle.direction)];
    mask_.raise(paddle.row, paddle.column, direction.mask);
    occupied_.push_back(paddle);
}

void Search::restore(const Canvas& mask) {
    for (const Paddle& paddle : occupied_) {
        const Direction& direction =
            tables_->directions[static_cast<std::size_t>(paddle.direction)];
        mask_.copy_from(mask, paddle.row, paddle.column, direction.mask);
    }
    occupied_.clear();
}

void Search::empty() {
    for (const Paddle& paddle : occupied_) {
        const Block& mask = tables_->directions[static_cast<std::size_t>(paddle.direction)].mask;
        if (mask_.clear_inside(tables_->shape.padding, paddle.row, paddle.column, mask)) continue;
        mask_.copy_from(tables_->empty_mask, paddle.row, paddle.column, mask);
    }
    occupied_.clear();
}

std::int64_t Search::lay_targets(SampleRandom& random, int length) {
    seed_failures_ = 0;
    for (std::int64_t attempt = 1; attempt <= most_attempts; ++attempt) {
        if (lay_both(random, length)) return attempt;
        empty();
    }
    throw Error(
        ErrorKind::numeric,
        fmt::format("found no place for two contours of {} paddles in {} px in {} attempts. "
                    "Take shorter contours.",
                    length, tables_->shape.window, most_attempts));
}

bool Search::lay_both(SampleRandom& random, int length) {
    if (!seed_first(random, targets_[0])) {
        ++seed_failures_;
        return false;
    }
    if (!seed_second(random, targets_[0].paddles.front(), targets_[1])) return false;
    for (int paddle = 1; paddle < length; ++paddle) {
        if (!extend(random, targets_[0]) || !extend(random, targets_[1])) return false;
    }
    // As published, the last paddle of the first contour takes up no place.
    occupy(targets_[1].paddles.back());
    return true;
}

bool Search::begin_snake(Snake& snake, int row, int column, int degree) const {
    const Direction& direction = tables_->directions[static_cast<std::size_t>(degree)];
    const Offset head = pixel_at_end({row, column}, direction.ahead);
    snake.pivot = pixel_at_end(head, direction.back);
    const auto inside = [this](int place) { return place >= 0 && place < tables_->shape.window; };
    if (!inside(head.row) || !inside(head.column) || !inside(snake.pivot.row) ||
        !inside(snake.pivot.column)) {
        return false;
    }
    snake.paddles.clear();
    snake.paddles.push_back({row, column, degree});
    return true;
}

bool Search::seed_first(SampleRandom& random, Snake& snake) {
    const int degree = random.below(degree_count);
    const SeedPlaces& places = tables_->seeds[static_cast<std::size_t>(degree)];
    if (!places.possible || places.count() == 0) return false;
    for (int draw = 0; draw < tail_draws; ++draw) {
        const int row = places.first_row + random.below(places.last_row - places.first_row + 1);
        const int column =
            places.first_column + random.below(places.last_column - places.first_column + 1);
        if (begin_snake(snake, row, column, degree)) return true;
    }
    return false;
}

bool Search::seed_second(SampleRandom& random, const Paddle& first, Snake& snake) {
    for (int draw = 0; draw < tail_draws; ++draw) {
        const int degree = random.below(degree_count);
        const Vector& way = tables_->bearings[static_cast<std::size_t>(random.below(degree_count))];
        const int row = static_cast<int>(std::nearbyint(first.row + way.row));
        const int column = static_cast<int>(std::nearbyint(first.column + way.column));
        if (begin_snake(snake, row, column, degree)) return true;
    }
    return false;
}

/// Part of the weight of a choice that what stands around it leaves.
double Search::chance(const Choice& choice, const Offset& pivot) const {
    const int row = pivot.row + choice.offset.row, column = pivot.column + choice.offset.column;
    const int window = tables_->shape.window;
    if (row < 0 || row >= window || column < 0 || column >= window) return 0;
    return tables_->free[tables_->largest_around(mask_, row, column)];
}

double Search::weigh(const Direction& direction, const Offset& pivot) {
    running_.clear();
    double total = 0;
    for (const Choice& choice : direction.choices) {
        total += choice.weight * chance(choice, pivot);
        running_.push_back(total);
    }
    return total;
}

/// Draws a choice with a probability in proportion to its weight times its chance: one by weight,
/// taken with its chance, else drawn again. After some in vain all are looked at. Returns false if
/// the sum over all is too small, which it is not where one of them alone is large enough.
bool Search::draw_choice(SampleRandom& random, const Direction& direction, const Offset& pivot,
                         bool& weighed, std::size_t& chosen) {
    constexpr int proposals = 4;
    for (int draw = 0; draw < proposals && !weighed; ++draw) {
        const double at = random.uniform();
        chosen = direction.choice_at(at);
        const Choice& choice = direction.choices[chosen];
        const double left = chance(choice, pivot);
        if (left < 1 && random.uniform() >= left) continue;
        return choice.weight * left >= least_weight || weigh(direction, pivot) >= least_weight;
    }
    if (!weighed && weigh(direction, pivot) < least_weight) return false;
    weighed = true;
    const double at = random.uniform() * running_.back();
    chosen = 0;
    while (running_[chosen] <= at) ++chosen;
    return true;
}

bool Search::extend(SampleRandom& random, Snake& snake) {
    const Paddle last = snake.paddles.back();
    const Direction& direction = tables_->directions[static_cast<std::size_t>(last.direction)];
    const Offset pivot = pixel_at_end(snake.pivot, direction.step);
    bool weighed = false;
    for (int draw = 0; draw < candidate_draws; ++draw) {
        std::size_t chosen = 0;
        if (!draw_choice(random, direction, pivot, weighed, chosen)) return false;
        const Choice& choice = direction.choices[chosen];
        const Paddle next{pivot.row + choice.offset.row, pivot.column + choice.offset.column,
                          degree_count + choice.candidate};
        const Direction& drawn = tables_->directions[static_cast<std::size_t>(next.direction)];
        if (mask_.exceeds(next.row, next.column, drawn.limit)) continue;
        occupy(last);
        snake.paddles.push_back(next);
        snake.pivot = pivot;
        return true;
    }
    return false;
}

void Search::begin_distractors() {
    kept_mask_ = mask_;
    occupied_.clear();
}

bool Search::lay_distractor(SampleRandom& random, int length, int& tries) {
    for (int attempt = 0; attempt < distractor_attempts; ++attempt) {
        ++tries;
        bool laid = seed_distractor(random, distractor_);
        for (int paddle = 1; laid && paddle < length; ++paddle) laid = extend(random, distractor_);
        if (!laid) {
            restore(kept_mask_);
            continue;
        }
        occupy(distractor_.paddles.back());
        for (const Paddle& paddle : distractor_.paddles) {
            const Direction& direction =
                tables_->directions[static_cast<std::size_t>(paddle.direction)];
            kept_mask_.copy_from(mask_, paddle.row, paddle.column, direction.mask);
        }
        occupied_.clear();
        return true;
    }
    return false;
}

bool Search::seed_distractor(SampleRandom& random, Snake& snake) {
    const int degree = random.below(degree_count);
    const SeedPlaces& places = tables_->seeds[static_cast<std::size_t>(degree)];
    if (!places.possible || few_free()) return false;
    for (int draw = 0; draw < tail_draws; ++draw) {
        Offset tail;
        if (!find_free_tail(random, places, tail)) return false;
        if (begin_snake(snake, tail.row, tail.column, degree)) return true;
    }
    return false;
}

/// Fewer than one pixel in a hundred is not blocked.
bool Search::few_free() const {
    const int window = tables_->shape.window;
    int count = 0;
    for (int row = 0; row < window; ++row) {
        const std::uint8_t* values = mask_.at(row, 0);
        for (int column = 0; column < window; ++column) count += values[column] <= unblocked;
        if (100 * count >= window * window) return false;
    }
    return true;
}

/// A uniformly drawn pixel at which nothing is in the way: by drawing any, or, where that takes
/// long, one of all that there are.
bool Search::find_free_tail(SampleRandom& random, const SeedPlaces& places, Offset& tail) const {
    const int window = tables_->shape.window;
    constexpr int blind_draws = 200;
    for (int draw = 0; draw < blind_draws; ++draw) {
        tail.row = random.below(window);
        tail.column = random.below(window);
        if (!mask_.exceeds(tail.row, tail.column, places.limit)) return true;
    }
    // The first pass counts, the second one takes the pixel that was drawn.
    int count = 0, chosen = -1;
    for (int pass = 0; pass < 2; ++pass) {
        int at = 0;
        for (tail.row = 0; tail.row < window; ++tail.row) {
            for (tail.column = 0; tail.column < window; ++tail.column) {
                if (mask_.exceeds(tail.row, tail.column, places.limit)) continue;
                if (at++ == chosen) return true;
            }
        }
        count = at;
        if (count == 0) return false;
        chosen = random.below(count);
    }
    return false;
}

void Search::set_mask(const std::vector<std::uint8_t>& values) {
    const int window = tables_->shape.window;
    auto value = values.begin();
    for (int row = 0; row < window; ++row) {
        for (int column = 0; column < window; ++column) *mask_.at(row, column) = *value++;
    }
}

}  // namespace elm::pathfinder
