// How rows are built, in three passes over the rules' draws and the memory:
//
// 1. Synapses of each source are counted.
// 2. They are drawn again and put down, row behind row, in the order of parts and rules.
// 3. Row after row is sorted by delay and packed towards the front of the memory; what is left over
//    behind the last row goes back to the system.

#include "network/connectivity/synapse_rows.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <span>

#include "kernels/core/support/check.h"
#include "network/connectivity/delay_steps.h"
#include "network/neurons/population_neuron.h"

namespace elm::network {
namespace {

template <class Real>
struct MadeSynapse {
    Synapse<Real> synapse;
    std::int64_t steps;  // of its delay
};

/// Makes synapses of what the rule of a part draws.
template <class Real>
class SynapseMaker {
public:
    explicit SynapseMaker(const ProjectionPart& part)
        : part_(&part),
          weight_(part.projection->connection().weight),
          delay_(part.projection->connection().delay_ms, part.time_step_ms),
          positive_(part.projection->connection(), part.positive.synapses),
          negative_(part.projection->connection(), part.negative.synapses) {}

    MadeSynapse<Real> operator()(const DrawnSynapse& drawn) {
        double value = weight_(drawn.weight_word, drawn.index);
        const SynapseTarget& to = value < 0 ? part_->negative : part_->positive;
        const std::int64_t local = drawn.target - part_->first;
        std::int64_t slot = to.slot + local * to.stride;
        if (to.synapses > 1) {
            slot += (value < 0 ? negative_ : positive_)(drawn.synapse_word, drawn.index);
        }
        if (to.takes_magnitude) value = std::abs(value);
        if (to.factor != nullptr) value *= to.factor[local];
        return {{static_cast<std::uint32_t>(slot), static_cast<Real>(value)},
                delay_(drawn.delay_word, drawn.index) + to.extra_steps};
    }
    bool has_one_delay() const {
        return delay_.is_constant() && part_->positive.extra_steps == part_->negative.extra_steps;
    }
    /// Of all synapses, if they have one.
    std::int64_t one_delay() const { return delay_.lowest() + part_->positive.extra_steps; }
    /// Different delays, and no more.
    std::int64_t n_delays() const {
        const std::int64_t range = delay_.highest() - delay_.lowest() + 1;
        // Channels that act a step later may double them.
        return range + (part_->positive.extra_steps != part_->negative.extra_steps ? 1 : 0);
    }

private:
    const ProjectionPart* part_;
    Draw weight_;
    DelaySteps delay_;
    SynapseChoice positive_, negative_;
};

/// Appends groups and ends of rows from `next` on. What a group is made of may stand there itself,
/// two entries further on or more.
template <class Real>
class RowWriter {
public:
    explicit RowWriter(Synapse<Real>* next) : next_(next) {}

    const Synapse<Real>* next() const { return next_; }
    void end_row() { *next_++ = {0, Real(0)}; }
    void add_group(std::span<const Synapse<Real>> synapses, std::int64_t delay) {
        using Group = SynapseGroup<Real>;
        std::uint32_t lowest = synapses[0].slot, highest = lowest;
        const Real weight = synapses[0].weight;
        bool one_weight = true;
        for (const Synapse<Real>& synapse : synapses) {
            lowest = std::min(lowest, std::uint32_t{synapse.slot});
            highest = std::max(highest, std::uint32_t{synapse.slot});
            one_weight &= synapse.weight == weight;
        }
        const auto form = Group::form_for(synapses.size(), one_weight, highest - lowest);
        *next_++ = Group::head_of(form, synapses.size(), delay);
        Synapse<Real>* const body = next_;
        next_ += Group::size_of(form, synapses.size());
        if (form == Group::Form::each) {
            std::copy(synapses.begin(), synapses.end(), body);
            return;
        }
        *body = {lowest, weight};
        if (form == Group::Form::near) {
            put_slots<std::uint16_t>(synapses, lowest, body + 1);
        } else {
            put_slots<std::uint32_t>(synapses, lowest, body + 1);
        }
    }

private:
    template <class Slot>
    static void put_slots(std::span<const Synapse<Real>> synapses, std::uint32_t lowest,
                          Synapse<Real>* to) {
        char* place = reinterpret_cast<char*>(to);
        for (const Synapse<Real>& synapse : synapses) {
            const auto above = static_cast<Slot>(synapse.slot - lowest);
            std::memcpy(place, &above, sizeof(above));
            place += sizeof(above);
        }
    }

    Synapse<Real>* next_;
};

/// Rows on their way.
template <class Real>
class RowBuilder {
public:
    RowBuilder(const std::vector<ProjectionPart>& parts, std::int64_t n_sources)
        : parts_(parts), totals_(static_cast<std::size_t>(n_sources)) {
        for (const ProjectionPart& part : parts) {
            makers_.emplace_back(part);
            draws_delays_ |= !makers_.back().has_one_delay();
            count(part);
        }
    }
    std::int64_t n_synapses() const { return n_synapses_; }

    /// Fills `begins`, by source: where its row begins, -1 without one.
    HugeArray<Synapse<Real>> build(HugeArray<std::int64_t>& begins) {
        lay_out();
        for (std::size_t p = 0; p < parts_.size(); ++p) put_down(p);
        RowWriter<Real> writer(synapses_.data());
        for (std::size_t source = 0; source < totals_.size(); ++source) {
            const bool has_row = totals_[source] > 0;
            begins[static_cast<std::int64_t>(source)] =
                has_row ? writer.next() - synapses_.data() : -1;
            if (has_row) sort_row(source, writer);
        }
        synapses_.shrink(writer.next() - synapses_.data());
        return std::move(synapses_);
    }

private:
    void count(const ProjectionPart& part) {
        std::vector<std::uint32_t>& counts =
            counts_.emplace_back(static_cast<std::size_t>(part.projection->n_sources()));
        part.projection->for_each_synapse(part.first, part.last, [&](const DrawnSynapse& drawn) {
            ++counts[static_cast<std::size_t>(drawn.source)];
        });
        std::uint32_t* const totals = totals_.data() + part.first_source;
        for (std::size_t i = 0; i < counts.size(); ++i) {
            totals[i] += counts[i];
            n_synapses_ += counts[i];
        }
    }

    /// Each row gets room for its synapses behind that for their heads.
    void lay_out() {
        std::vector<std::int64_t> heads(totals_.size(), 1);  // the one at the end
        for (std::size_t p = 0; p < parts_.size(); ++p) {
            const auto first = static_cast<std::size_t>(parts_[p].first_source);
            const std::int64_t most = makers_[p].n_delays();
            for (std::size_t i = 0; i < counts_[p].size(); ++i) {
                heads[first + i] += std::min<std::int64_t>(most, counts_[p][i]);
            }
        }
        places_.resize(totals_.size());
        std::int64_t total = 0;
        for (std::size_t i = 0; i < totals_.size(); ++i) {
            ELM_CHECK(totals_[i] <= SynapseGroup<Real>::most,
                      "neuron {} of the network has {} synapses onto one thread, at most {} have "
                      "numbers: use more threads.",
                      i, totals_[i], SynapseGroup<Real>::most);
            if (totals_[i] == 0) continue;
            places_[i] = total + heads[i];
            total += heads[i] + totals_[i];
        }
        synapses_ = HugeArray<Synapse<Real>>(total);
        if (draws_delays_) delays_ = HugeArray<std::uint16_t>(total);
    }

    /// Rows lie all over the memory: so places are known, and on their way to the cache, a batch of
    /// synapses before these are written.
    void put_down(std::size_t p) {
        constexpr std::size_t at_once = 32;
        std::int64_t places[at_once];
        MadeSynapse<Real> made[at_once];
        std::size_t n = 0;
        const auto write = [&] {
            for (std::size_t i = 0; i < n; ++i) {
                synapses_[places[i]] = made[i].synapse;
                if (draws_delays_) {
                    delays_[places[i]] = static_cast<std::uint16_t>(made[i].steps);
                }
            }
            n = 0;
        };
        SynapseMaker<Real>& make = makers_[p];
        std::int64_t* const of_source = places_.data() + parts_[p].first_source;
        const ProjectionPart& part = parts_[p];
        part.projection->for_each_synapse(part.first, part.last, [&](const DrawnSynapse& drawn) {
            const std::int64_t place = of_source[drawn.source]++;
            __builtin_prefetch(synapses_.data() + place, 1);
            if (draws_delays_) __builtin_prefetch(delays_.data() + place, 1);
            places[n] = place;
            made[n] = make(drawn);
            if (++n == at_once) write();
        });
        write();
    }

    void sort_row(std::size_t source, RowWriter<Real>& writer) {
        const std::size_t count = totals_[source];
        // places_ has moved to the end of the row.
        const std::int64_t begin = places_[source] - static_cast<std::int64_t>(count);
        const Synapse<Real>* const synapses = synapses_.data() + begin;
        const std::uint16_t* const delays =
            draws_delays_ ? delays_.data() + begin : delays_of_parts(source);
        const auto [low, high] = std::minmax_element(delays, delays + count);
        const std::uint16_t lowest = *low, highest = *high;
        if (lowest == highest) {
            writer.add_group({synapses, count}, lowest);
            writer.end_row();
            return;
        }
        // starts_[d]: how many have a delay below lowest + d.
        starts_.assign(static_cast<std::size_t>(highest - lowest) + 2, 0);
        for (std::size_t i = 0; i < count; ++i) ++starts_[delays[i] - lowest + 1U];
        for (std::size_t d = 1; d < starts_.size(); ++d) starts_[d] += starts_[d - 1];
        next_.assign(starts_.begin(), starts_.end() - 1);
        sorted_.resize(count);
        for (std::size_t i = 0; i < count; ++i) {
            sorted_[next_[delays[i] - lowest + 0U]++] = synapses[i];
        }
        for (std::size_t d = 0; d + 1 < starts_.size(); ++d) {
            const std::size_t first = starts_[d], size = starts_[d + 1] - first;
            if (size > 0) {
                writer.add_group({sorted_.data() + first, size},
                                 lowest + static_cast<std::int64_t>(d));
            }
        }
        writer.end_row();
    }

    /// Delays of the synapses of a row where each part has one for all.
    const std::uint16_t* delays_of_parts(std::size_t source) {
        row_delays_.clear();
        for (const std::size_t p : parts_from(source)) {
            const std::uint32_t count =
                counts_[p][source - static_cast<std::size_t>(parts_[p].first_source)];
            row_delays_.insert(row_delays_.end(), count,
                               static_cast<std::uint16_t>(makers_[p].one_delay()));
        }
        return row_delays_.data();
    }
    /// Parts of the population of a source, in order.
    const std::vector<std::size_t>& parts_from(std::size_t source) {
        if (source < first_known_ || source >= end_known_) {
            known_parts_.clear();
            for (std::size_t p = 0; p < parts_.size(); ++p) {
                const auto first = static_cast<std::size_t>(parts_[p].first_source);
                if (source < first || source >= first + counts_[p].size()) continue;
                known_parts_.push_back(p);
                first_known_ = first;
                end_known_ = first + counts_[p].size();
            }
        }
        return known_parts_;
    }

    const std::vector<ProjectionPart>& parts_;
    std::vector<SynapseMaker<Real>> makers_;          // by part
    std::vector<std::vector<std::uint32_t>> counts_;  // by part, by source within it
    std::vector<std::uint32_t> totals_;               // by source
    bool draws_delays_ = false;
    std::int64_t n_synapses_ = 0;
    HugeArray<Synapse<Real>> synapses_;
    HugeArray<std::uint16_t> delays_;   // beside synapses_, where they are drawn
    std::vector<std::int64_t> places_;  // by source: where its next synapse goes
    std::vector<std::size_t> known_parts_;
    std::size_t first_known_ = 0, end_known_ = 0;
    std::vector<std::uint16_t> row_delays_;
    std::vector<std::uint32_t> starts_, next_;
    std::vector<Synapse<Real>> sorted_;
};

}  // namespace

template <class Real>
SynapseRows<Real>::SynapseRows(const std::vector<ProjectionPart>& parts, std::int64_t n_sources)
    : begins_(n_sources) {
    RowBuilder<Real> builder(parts, n_sources);
    n_synapses_ = builder.n_synapses();
    synapses_ = builder.build(begins_);
}

template <class Real>
std::vector<typename SynapseRows<Real>::RowStart> SynapseRows<Real>::row_starts() const {
    std::vector<RowStart> starts;
    for (std::int64_t source = 0; source < n_sources(); ++source) {
        if (row(source) != nullptr) starts.push_back({row(source), source});
    }
    return starts;
}

template class SynapseRows<float>;
template class SynapseRows<double>;

}  // namespace elm::network
