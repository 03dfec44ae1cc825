#include "tasks/neuronio/protocol_spikes.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "tasks/neuronio/neuronio_writer.h"

namespace elm {
namespace {

constexpr std::size_t block_spikes = 8192;

class ProtocolListing : public SpikeListing {
public:
    ProtocolListing(std::shared_ptr<const InputSites> sites, int duration_ms, std::uint64_t seed,
                    std::uint64_t index)
        : sites_(std::move(sites)), duration_ms_(duration_ms), seed_(seed), index_(index) {}

    void rewind() override { position_ = 0; }

    const SpikeBlock& next() override {
        if (!spikes_) spikes_ = draw_input_spikes(*sites_, duration_ms_, seed_, index_);
        const std::size_t end = std::min(position_ + block_spikes, spikes_->time_ms.size());
        block_.clear();
        for (; position_ < end; ++position_) {
            block_.times_ms.push_back(spikes_->time_ms[position_]);
            block_.units.push_back(spikes_->synapse[position_]);
        }
        return block_;
    }

    std::string place_of_time(std::size_t at) const override { return place(at); }
    std::string place_of_unit(std::size_t at) const override { return place(at); }

private:
    std::string place(std::size_t at) const {
        return fmt::format("spike {} of the input of simulation {}", position_ - block_.size() + at,
                           index_);
    }

    std::shared_ptr<const InputSites> sites_;
    int duration_ms_;
    std::uint64_t seed_, index_;
    std::optional<InputSpikes> spikes_;
    std::size_t position_ = 0;
    SpikeBlock block_;
};

}  // namespace

SpikeSample protocol_spikes(std::shared_ptr<const InputSites> sites, int duration_ms,
                            std::uint64_t seed, std::uint64_t index) {
    check_input(*sites, duration_ms);
    return {.name = simulation_name(static_cast<std::int64_t>(index)),
            .spikes = std::make_unique<ProtocolListing>(std::move(sites), duration_ms, seed, index),
            .duration_ms = duration_ms};
}

}  // namespace elm
