#include "kernels/ops/spectral/convolution/lane_transform.h"
#include "kernels/ops/spectral/convolution/long_convolution.h"
#include "kernels/ops/spectral/convolution/long_convolution_length.h"

/// A task transforms a vector of features of one sample: all steps of a lane are one sequence, so
/// that no number changes its lane. Backward it does so for several samples, whose products it adds
/// up before they are transformed back.
namespace elm {
namespace {

template <class Real>
using Number = ComplexNumber<WholeLanes<Real>>;

/// Blocks of features as vectors of lanes; the last one may be filled in part.
template <class Real>
struct FeatureBlocks {
    static constexpr std::int64_t width = lanes::native<Real>;
    std::int64_t features;

    std::int64_t count() const { return (features + width - 1) / width; }
    std::int64_t first(std::int64_t block) const { return block * width; }
    PartLanes<Real> access(std::int64_t block) const {
        return PartLanes<Real>(std::min(width, features - block * width));
    }
};

/// Transforms of one filter, or sums of transforms, for all blocks: (blocks, points) numbers.
template <class Real>
struct Transforms {
    std::int64_t points;
    lanes::AlignedVector<Real> values;

    Transforms(std::int64_t blocks, std::int64_t n)
        : points(n), values(lane_scratch<Real>(blocks * 2 * n)) {}
    LaneNumbers<Real> of(std::int64_t block) {
        return LaneNumbers<Real>{{values.data()}}.from(block * points);
    }
};

/// Twisted numbers of `steps` steps, then zeros; step(t) gives the values of step t.
template <class Real, class Step>
void fill(const LaneTransform<Real>& transform, const LaneNumbers<Real>& values, std::int64_t steps,
          const Step& step) {
    for (std::int64_t t = 0; t < steps; ++t) values.set(t, transform.twisted(t, step(t)));
    for (std::int64_t t = steps; t < transform.points(); ++t) values.set(t, Number<Real>{});
}

template <class Real>
ELM_INLINE Number<Real> product(const Number<Real>& a, const Number<Real>& b,
                                const Number<Real>& sum) {
    return Number<Real>::advance(a, b, sum);
}

/// Transforms of the filters, times 1 / points.
template <class Real>
Transforms<Real> filter_transforms(const LaneTransform<Real>& transform,
                                   const View<const Real, 2>& filter, std::int64_t steps) {
    const FeatureBlocks<Real> blocks{filter.extent[1]};
    Transforms<Real> results(blocks.count(), transform.points());
    const Real factor = Real(1) / static_cast<Real>(transform.points());
    Cpu::for_each_task(blocks.count(), [&](std::int64_t block) {
        const auto access = blocks.access(block);
        const LaneNumbers<Real> values = results.of(block);
        fill(transform, values, std::min(steps, filter.extent[0]),
             [&](std::int64_t t) { return factor * access.load(&filter(t, blocks.first(block))); });
        transform.forward(values);
    });
    return results;
}

template <class Real>
void forward(const LongConvolutionArgs<Real>& args) {
    const std::int64_t steps = args.input.extent[1];
    if (args.input.size() == 0) return;
    const LaneTransform<Real> transform(transform_points(steps));
    const FeatureBlocks<Real> blocks{args.input.extent[2]};
    Transforms<Real> filters = filter_transforms(transform, args.filter, steps);
    Cpu::for_each_task(args.input.extent[0] * blocks.count(), [&](std::int64_t task) {
        const std::int64_t sample = task / blocks.count(), block = task % blocks.count();
        const std::int64_t feature = blocks.first(block);
        const auto access = blocks.access(block);
        Transforms<Real> own(1, transform.points());
        const LaneNumbers<Real> values = own.of(0), filter = filters.of(block);
        fill(transform, values, steps,
             [&](std::int64_t t) { return access.load(&args.input(sample, t, feature)); });
        transform.forward(values);
        for (std::int64_t k = 0; k < transform.points(); ++k) {
            values.set(k, product<Real>(values[k], filter[k], Number<Real>{}));
        }
        transform.inverse(values);
        for (std::int64_t t = 0; t < steps; ++t) {
            access.store(&args.output(sample, t, feature), transform.untwisted(t, values[t]));
        }
    });
}

/// The gradients of one sample's input, and its part of `sums`, the transforms of the filters'
/// gradients (null: not wanted), of one block of features.
template <class Real>
void sample_backward(const LongConvolutionBackwardArgs<Real>& args,
                     const LaneTransform<Real>& transform, std::int64_t sample,
                     std::int64_t feature, const PartLanes<Real>& access,
                     const LaneNumbers<Real>& filter, const LaneNumbers<Real>& sums) {
    const std::int64_t steps = args.input.extent[1], points = transform.points();
    Transforms<Real> own(2, points);
    const LaneNumbers<Real> gradient = own.of(0), input = own.of(1);
    fill(transform, gradient, steps, [&](std::int64_t t) {
        return access.load(&args.output_gradient(sample, steps - 1 - t, feature));
    });
    transform.forward(gradient);
    if (args.filter_gradient.data != nullptr) {
        fill(transform, input, steps,
             [&](std::int64_t t) { return access.load(&args.input(sample, t, feature)); });
        transform.forward(input);
        for (std::int64_t k = 0; k < points; ++k) {
            sums.set(k, product<Real>(gradient[k], input[k], sums[k]));
        }
    }
    for (std::int64_t k = 0; k < points; ++k) {
        gradient.set(k, product<Real>(gradient[k], filter[k], Number<Real>{}));
    }
    transform.inverse(gradient);
    for (std::int64_t t = 0; t < steps; ++t) {
        access.store(&args.input_gradient(sample, steps - 1 - t, feature),
                     transform.untwisted(t, gradient[t]));
    }
}

/// Adds up the `parts` sums of each block and turns them into the gradient of the filter.
template <class Real>
void filter_backward(const LongConvolutionBackwardArgs<Real>& args,
                     const LaneTransform<Real>& transform, std::int64_t parts,
                     Transforms<Real>& sums) {
    const std::int64_t steps = args.input.extent[1], length = args.filter.extent[0];
    const FeatureBlocks<Real> blocks{args.input.extent[2]};
    const Real factor = Real(1) / static_cast<Real>(transform.points());
    Cpu::for_each_task(blocks.count(), [&](std::int64_t block) {
        const LaneNumbers<Real> total = sums.of(block);
        for (std::int64_t part = 1; part < parts; ++part) {
            const LaneNumbers<Real> more = sums.of(part * blocks.count() + block);
            for (std::int64_t k = 0; k < transform.points(); ++k) {
                const Number<Real> a = total[k], b = more[k];
                total.set(k, {a.real + b.real, a.imag + b.imag});
            }
        }
        transform.inverse(total);
        const auto access = blocks.access(block);
        for (std::int64_t s = 0; s < length; ++s) {
            const std::int64_t t = steps - 1 - s;
            Lanes<Real> value{};
            if (t >= 0) value = factor * transform.untwisted(t, total[t]);
            access.store(&args.filter_gradient(s, blocks.first(block)), value);
        }
    });
}

template <class Real>
void backward(const LongConvolutionBackwardArgs<Real>& args) {
    const std::int64_t samples = args.input.extent[0], steps = args.input.extent[1];
    const FeatureBlocks<Real> blocks{args.input.extent[2]};
    if (args.input.size() == 0) {
        if (args.filter_gradient.data != nullptr) {
            std::fill_n(args.filter_gradient.data, args.filter_gradient.size(), Real(0));
        }
        return;
    }
    const LaneTransform<Real> transform(transform_points(steps));
    Transforms<Real> filters = filter_transforms(transform, args.filter, steps);
    // Enough tasks for many threads; a number that follows from the shapes alone.
    constexpr std::int64_t wanted_tasks = 16;
    const std::int64_t parts =
        std::min(samples, (wanted_tasks + blocks.count() - 1) / blocks.count());
    const bool wanted = args.filter_gradient.data != nullptr;
    Transforms<Real> sums(wanted ? parts * blocks.count() : 0, transform.points());
    Cpu::for_each_task(parts * blocks.count(), [&](std::int64_t task) {
        const std::int64_t part = task / blocks.count(), block = task % blocks.count();
        for (std::int64_t sample = part; sample < samples; sample += parts) {
            sample_backward(args, transform, sample, blocks.first(block), blocks.access(block),
                            filters.of(block), sums.of(wanted ? task : 0));
        }
    });
    if (wanted) filter_backward(args, transform, parts, sums);
}

}  // namespace

template <>
void run_long_convolution<Cpu, float>(Stream&, const LongConvolutionArgs<float>& args) {
    forward(args);
}
template <>
void run_long_convolution<Cpu, double>(Stream&, const LongConvolutionArgs<double>& args) {
    forward(args);
}
template <>
void run_long_convolution_backward<Cpu, float>(Stream&,
                                               const LongConvolutionBackwardArgs<float>& args) {
    backward(args);
}
template <>
void run_long_convolution_backward<Cpu, double>(Stream&,
                                                const LongConvolutionBackwardArgs<double>& args) {
    backward(args);
}

}  // namespace elm
