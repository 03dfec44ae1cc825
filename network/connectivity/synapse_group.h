#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "kernels/core/simd/lanes.h"

namespace elm::network {

/// A synapse of a row: what it adds, and where. 8 bytes in float, 12 in double.
template <class Real>
struct __attribute__((packed, aligned(4))) Synapse {
    std::uint32_t slot;
    Real weight;
};
static_assert(sizeof(Synapse<float>) == 8 && sizeof(Synapse<double>) == 12);

/// Synapses of one source and one delay, as they stand in memory behind their head:
///
///     each   slot and weight of each
///     near   one entry with a slot and the weight of all; then slots above that one, 2 bytes each
///     far    likewise, 4 bytes each
///
/// Who has a head (slot: form and count; weight: the delay in steps, a whole number) knows where
/// the next one stands, so a row is read straight on without any other table.
template <class Real>
class SynapseGroup {
public:
    enum class Form : std::uint32_t { each, near, far };
    static constexpr std::uint32_t most = (std::uint32_t{1} << 30) - 1;  // synapses of a group

    SynapseGroup() = default;
    explicit SynapseGroup(const Synapse<Real>* head) : body_(head + 1), word_(head->slot) {}

    /// The form that takes the least room for synapses of one weight, or of several, on slots that
    /// lie less than `span` apart.
    static Form form_for(std::size_t count, bool one_weight, std::uint32_t span) {
        if (!one_weight) return Form::each;
        const Form packed = span <= 0xFFFF ? Form::near : Form::far;
        return size_of(packed, count) < size_of(Form::each, count) ? packed : Form::each;
    }
    static Synapse<Real> head_of(Form form, std::size_t count, std::int64_t delay) {
        return {static_cast<std::uint32_t>(form) << 30 | static_cast<std::uint32_t>(count),
                static_cast<Real>(delay)};
    }
    /// Entries that a group takes, without its head.
    static std::size_t size_of(Form form, std::size_t count) {
        if (form == Form::each) return count;
        const std::size_t bytes = (form == Form::near ? 2 : 4) * count;
        return 1 + (bytes + sizeof(Synapse<Real>) - 1) / sizeof(Synapse<Real>);
    }

    Form form() const { return static_cast<Form>(word_ >> 30); }
    std::uint32_t count() const { return word_ & most; }
    /// Behind the last group of a row stands one without synapses.
    bool is_end() const { return word_ == 0; }
    std::int64_t delay() const { return static_cast<std::int64_t>(body_[-1].weight); }
    const Synapse<Real>* head() const { return body_ - 1; }
    const Synapse<Real>* next_head() const { return body_ + size_of(form(), count()); }

    /// Fetches the first kilobyte; for_each() asks for what follows.
    ELM_INLINE void fetch() const {
        const std::size_t bytes = size_of(form(), count()) * sizeof(Synapse<Real>) + 64;
        for (std::size_t at = 0; at < std::min(bytes, ahead); at += 64) fetch_line(at);
    }

    /// Calls body(slot, weight) for the synapses in order.
    template <class Body>
    ELM_INLINE void for_each(const Body& body) const {
        switch (form()) {
            case Form::each:
                return walk<sizeof(Synapse<Real>)>(
                    0, [&](std::size_t i) { body(std::size_t{body_[i].slot}, body_[i].weight); });
            case Form::near:
                return walk_slots<std::uint16_t>(body);
            case Form::far:
                return walk_slots<std::uint32_t>(body);
        }
    }

private:
    static constexpr std::size_t ahead = 1024;

    // Inline always: GCC takes a function that only prefetches for one that does nothing.
    ELM_INLINE void fetch_line(std::size_t at) const {
        __builtin_prefetch(reinterpret_cast<const char*>(body_) + at);
    }
    template <class Slot, class Body>
    ELM_INLINE void walk_slots(const Body& body) const {
        typedef Slot Stored __attribute__((may_alias, aligned(2)));
        const std::size_t first = body_->slot;
        const Real weight = body_->weight;
        const auto* const slots = reinterpret_cast<const Stored*>(body_ + 1);
        walk<sizeof(Slot)>(sizeof(Synapse<Real>),
                           [&](std::size_t i) { body(first + slots[i], weight); });
    }
    /// Calls one(i) for all synapses, whose parts of `size` bytes begin at byte `begin`.
    template <std::size_t size, class One>
    ELM_INLINE void walk(std::size_t begin, const One& one) const {
        constexpr std::size_t at_once = std::max<std::size_t>(4, 32 / size);
        const std::size_t n = count();
        std::size_t i = 0;
        for (; i + at_once <= n; i += at_once) {
            fetch_line(begin + i * size + ahead);
#pragma GCC unroll 16
            for (std::size_t k = 0; k < at_once; ++k) one(i + k);
        }
        for (; i < n; ++i) one(i);
    }

    const Synapse<Real>* body_ = nullptr;
    std::uint32_t word_ = 0;
};

}  // namespace elm::network
