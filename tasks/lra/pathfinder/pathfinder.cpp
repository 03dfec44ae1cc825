#include "tasks/lra/pathfinder/pathfinder.h"

#include "kernels/core/support/check.h"
#include "tasks/lra/pathfinder/pathfinder_painting.h"
#include "tasks/lra/pathfinder/pathfinder_search.h"

namespace elm {
namespace {

using namespace pathfinder;

int contour_length_of(PathfinderDifficulty difficulty) {
    switch (difficulty) {
        case PathfinderDifficulty::easy:
            return 6;
        case PathfinderDifficulty::intermediate:
            return 9;
        case PathfinderDifficulty::hard:
            return 14;
    }
    return 0;
}

PathfinderPaddle described(const Paddle& paddle, const Tables& tables) {
    return {paddle.row, paddle.column,
            tables.directions[static_cast<std::size_t>(paddle.direction)].stamp_angle};
}

}  // namespace

namespace pathfinder {

struct Drawing {
    Search search;
    Painting painting;
};

}  // namespace pathfinder

PathfinderWorkspace::PathfinderWorkspace() : drawing_(std::make_unique<Drawing>()) {}
PathfinderWorkspace::~PathfinderWorkspace() = default;
PathfinderWorkspace::PathfinderWorkspace(PathfinderWorkspace&&) noexcept = default;
PathfinderWorkspace& PathfinderWorkspace::operator=(PathfinderWorkspace&&) noexcept = default;

PathfinderGenerator::PathfinderGenerator(const PathfinderOptions& options)
    : size_(options.size), contour_length_(contour_length_of(options.difficulty)) {
    const Shape shape = shape_of(size_);
    distractor_count_ =
        options.distractors.value_or(shape.distractor_paddles / distractor_length());
    ELM_CHECK(distractor_count_ >= 0, "{} distractors: expected 0 or more.", distractor_count_);
    for (const int margin : shape.margins) {
        tables_.push_back(std::make_shared<const Tables>(shape, margin));
    }
}

double PathfinderGenerator::target_contrast() const {
    return tables_.front()->shape.target_contrast;
}
double PathfinderGenerator::distractor_contrast() const {
    return tables_.front()->shape.distractor_contrast;
}

void PathfinderGenerator::draw(std::uint64_t seed, std::uint64_t index, PathfinderSample& sample,
                               PathfinderWorkspace& workspace) const {
    SampleRandom random(seed, index, "pathfinder");
    Search& search = workspace.drawing_->search;
    Painting& painting = workspace.drawing_->painting;
    // Label and margin come first and stay, however often the search starts anew.
    sample.label = random.below(2);
    const Tables& tables =
        *tables_[static_cast<std::size_t>(random.below(static_cast<int>(tables_.size())))];
    sample.margin = tables.margin;
    search.begin(tables);
    painting.begin(tables);

    sample.attempts = search.lay_targets(random, contour_length_);
    sample.seed_failures = search.seed_failures();
    sample.targets.clear();
    for (const Snake& snake : search.targets()) {
        for (const Paddle& paddle : snake.paddles) {
            sample.targets.push_back(described(paddle, tables));
            painting.draw_paddle(paddle, Layer::targets);
        }
    }
    sample.distractors.clear();
    sample.distractor_tries = 0;
    search.begin_distractors();
    for (int k = 0; k < distractor_count_; ++k) {
        if (!search.lay_distractor(random, distractor_length(), sample.distractor_tries)) continue;
        for (const Paddle& paddle : search.distractor().paddles) {
            sample.distractors.push_back(described(paddle, tables));
            painting.draw_paddle(paddle, Layer::distractors);
        }
    }

    sample.origin_snake = random.below(2);
    const auto origin = static_cast<std::size_t>(sample.origin_snake);
    const std::size_t terminal = sample.label == 1 ? origin : 1 - origin;
    const Paddle& tail = search.targets()[origin].paddles.front();
    const Paddle& tip = search.targets()[terminal].paddles.back();
    sample.origin_marker = {tail.row, tail.column};
    sample.terminal_marker = {tip.row, tip.column};
    painting.draw_marker(tail.row, tail.column);
    painting.draw_marker(tip.row, tip.column);
    sample.brightest = painting.finish(sample.image);
}

}  // namespace elm
