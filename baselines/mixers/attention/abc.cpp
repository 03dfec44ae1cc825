// Attention with bounded memory control: keys and values are kept in a few slots, and queries see
// those. Each head by itself, with control vectors u_r and w_r that the heads share,
//   k'[r] = sum over j of a[r][j] k[j]      a[r] = softmax over j of u_r k[j]
//   v'[r] = sum over j of b[r][j] v[j]      b[r] = softmax over j of w_r v[j]
//   y[i]  = W_o sum over r of P[i][r] v'[r]      P[i] = softmax over r of q[i] k'[r] / sqrt(d)
// Causally step i sees the slots of the steps j <= i: sums of exp(u_r k[j]) k[j] and of exp(u_r
// k[j]) so far, which a chunk of time leaves to the next. There exponents are taken as they are,
// for the largest one so far would have to be known in advance: in float32 u_r k[j] may reach 88.
// Source: Peng et al. 2022, arXiv 2110.02488, with the control of Zhang et al. 2023, arXiv
// 2210.07661. The causal form of the latter's public code has no sum: slot r at step i is k[i]
// times its share of the sum of exp(u_r k[j]) (`mode` release).

#include <cmath>
#include <memory>

#include "baselines/mixers/attention/divide.h"
#include "baselines/mixers/attention/heads.h"
#include "kernels/ops/attention/attention.h"
#include "kernels/ops/attention/outer_scan.h"
#include "kernels/ops/basic/activation.h"
#include "kernels/ops/basic/elementwise.h"
#include "kernels/ops/basic/layout.h"
#include "kernels/ops/basic/reduction.h"
#include "kernels/ops/basic/softmax.h"
#include "kernels/ops/product/matmul.h"

namespace elm {
namespace {

class AbcMixer : public SequenceMixer {
public:
    AbcMixer(const OptionSet& options, const MixerPlace& place)
        : SequenceMixer(place.width),
          slots_(options.get<std::int64_t>("slots")),
          release_(is_release(options)),
          // Slots of one step are no means of keys, which a bias would move along.
          projections_(options, place.width, release_ && place.causal,
                       [this](const char* name, std::unique_ptr<Linear> linear) -> Linear& {
                           return child(name, std::move(linear));
                       }),
          key_control_(control("key_control")),
          value_control_(control("value_control")) {}

    MixerTraits traits() const override {
        return {.cross_noncausal = true,
                .cross_causal = true,
                .streams = !release_,
                .state_tensors = release_ ? 0U : 4U};
    }

    void require_device(const DeviceLimits& device, DType dtype) const override {
        require_attention_fits(device, head_width());
        if (!release_) require_outer_scan_fits(device, head_width(), slots_, dtype);
    }
    /// Shares of slots, the slots, and what reads them; slots of single steps are no sums.
    double flops_per_step(std::int64_t, bool causal) const override {
        return (release_ && causal ? 4.0 : 12.0) * static_cast<double>(projections_.inner * slots_);
    }

protected:
    Var run(Context& context, const MixerInput& input, StateCursor* state) override {
        const HeadProjections::Rows rows = projections_.rows(context, input);
        Var read;
        if (input.is_cross() || !input.causal) {
            read = whole(context, rows, input.source_lengths());
        } else {
            read = release_ ? of_single_steps(context, rows) : causal(context, rows, state);
        }
        return projections_.output(context, read);
    }

private:
    ModuleParameter& control(const char* name) {
        const std::int64_t width = head_width();
        return table(name, {slots_, width}, initialise::uniform_fan_in(width));
    }
    std::int64_t head_width() const { return projections_.inner / projections_.heads; }
    double factor() const { return 1 / std::sqrt(static_cast<double>(head_width())); }

    /// A slot is what a query u_r reads.
    Var whole(Context& context, const HeadProjections::Rows& rows, const Tensor& lengths) const {
        const auto kept = [&](const Var& from, const ModuleParameter& control) {
            const std::int64_t batch = from.value.shape()[0], heads = projections_.heads;
            const Var each = repeat(context, use(context, control), 0, batch * heads);
            return attention(context, join_heads(context, each, heads), from, from,
                             {.heads = heads, .lengths = lengths, .scale = 1});
        };
        return attention(context, rows.query, kept(rows.key, key_control_),
                         kept(rows.value, value_control_), {.heads = projections_.heads});
    }

    /// exp(u_r k[j]), (batch, time, heads slots).
    Var shares(Context& context, const Var& rows, const ModuleParameter& control) const {
        const Shape shape = rows.value.shape();
        const Var each =
            reshape(context, rows, {shape[0], shape[1], projections_.heads, head_width()});
        const Var exponents = linear(context, each, use(context, control));
        return reshape(context, activate(context, exponents, Activation::exp),
                       {shape[0], shape[1], projections_.heads * slots_});
    }

    /// A causal scan that goes on from `state`; sums have `rows` by `columns`.
    Var scan(Context& context, const Var& left, const Var& right, const Var& read,
             StateCursor* state) const {
        const Tensor before = state == nullptr ? Tensor{} : state->take_tensor();
        Tensor after;
        Var sums = outer_scan(context, left, right, read,
                              {.heads = projections_.heads,
                               .causal = true,
                               .start = before,
                               .end = state == nullptr ? nullptr : &after});
        if (state != nullptr) state->keep(after);
        return sums;
    }
    /// The sum of what has come so far.
    Var running_sum(Context& context, const Var& values, StateCursor* state) const {
        const Shape& shape = values.value.shape();
        Context plain{context.stream};
        const Tensor zeros = Tensor::zeros(context.stream, {shape[0], shape[1], projections_.heads},
                                           values.value.dtype());
        const Var ones = scale(plain, {zeros}, 0, 1);
        return scan(context, values, ones, ones, state);
    }
    /// Softmax over the slots of scores (batch, time, heads slots).
    Var weights(Context& context, const Var& scores) const {
        const Shape shape = scores.value.shape();
        const Var each = reshape(context, scores, {shape[0], shape[1], projections_.heads, slots_});
        return reshape(context, softmax(context, scale(context, each, factor())), shape);
    }

    Var causal(Context& context, const HeadProjections::Rows& rows, StateCursor* state) const {
        const Var key_shares = shares(context, rows.key, key_control_);
        const Var value_shares = shares(context, rows.value, value_control_);
        const Var products = scan(context, key_shares, rows.key, rows.query, state);
        const Var scores = divide(context, products, running_sum(context, key_shares, state));
        const Var read =
            divide(context, weights(context, scores), running_sum(context, value_shares, state));
        return scan(context, rows.value, value_shares, read, state);
    }

    Var of_single_steps(Context& context, const HeadProjections::Rows& rows) const {
        const Shape shape = rows.query.value.shape();
        const Shape by_head{shape[0], shape[1], projections_.heads, head_width()};
        const Shape by_slot{shape[0], shape[1], projections_.heads, slots_};
        const auto own_share = [&](const Var& from, const ModuleParameter& control) {
            const Var all = shares(context, from, control);
            return divide(context, all, running_sum(context, all, nullptr));
        };
        const Var key_shares = own_share(rows.key, key_control_);
        const Var value_shares = own_share(rows.value, value_control_);
        const Var each = reshape(context, multiply(context, rows.query, rows.key), by_head);
        const Var products = reshape(context, repeat(context, sum(context, each, 3), -1, slots_),
                                     key_shares.value.shape());
        const Var read = multiply(
            context, weights(context, multiply(context, products, key_shares)), value_shares);
        const Var total = sum(context, reshape(context, read, by_slot), 3);
        return multiply(context, reshape(context, repeat(context, total, -1, head_width()), shape),
                        rows.value);
    }

    std::int64_t slots_;
    bool release_;
    HeadProjections projections_;
    ModuleParameter& key_control_;
    ModuleParameter& value_control_;
};

OptionSet options() {
    OptionSet options = head_options();
    // Zhang et al. 2023: 16.
    options.declare({.name = "slots",
                     .value = std::int64_t{16},
                     .help = "slots that keys and values are kept in",
                     .lowest = 1,
                     .highest = 65536});
    declare_mode(options, "causal slots hold the present step alone");
    return options;
}

}  // namespace

MixerEntry abc_mixer() {
    return {.name = "abc",
            .summary = "attention with bounded memory control",
            .source = "Peng et al. 2022, arXiv 2110.02488",
            .options = options,
            .make = make_mixer_of<AbcMixer>};
}

}  // namespace elm
