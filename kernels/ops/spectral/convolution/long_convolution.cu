#include "kernels/ops/spectral/convolution/long_convolution.h"

#include <memory>

#include "kernels/core/buffer.h"
#include "kernels/core/cuda/parallel.cuh"
#include "kernels/ops/basic/complex_planes.h"
#include "kernels/ops/spectral/convolution/long_convolution_length.h"

/// Each stage of the transforms, four points to a thread, is one pass over memory, in which
/// neighbours read neighbouring features: no transposition, and it runs wherever kernels do.
namespace elm {
namespace {

template <class Real>
using Number = ComplexNumber<OneNumber<Real>>;

/// Sequences that are transformed: (sequences, points, features), complex.
template <class Real>
struct Spectra {
    Real* data;
    std::int64_t sequences, points, features;

    ELM_HD std::int64_t size() const { return sequences * points * features; }
    ELM_HD Number<Real> at(std::int64_t sequence, std::int64_t k, std::int64_t feature) const {
        const Real* const from = data + 2 * ((sequence * points + k) * features + feature);
        return {from[0], from[1]};
    }
    ELM_HD void set(std::int64_t sequence, std::int64_t k, std::int64_t feature,
                    const Number<Real>& value) const {
        Real* const to = data + 2 * ((sequence * points + k) * features + feature);
        to[0] = value.real;
        to[1] = value.imag;
    }
};

template <class Real>
struct Owned {
    std::unique_ptr<Buffer> memory;
    Spectra<Real> spectra;

    Owned(Stream& stream, std::int64_t sequences, std::int64_t points, std::int64_t features)
        : memory(std::make_unique<Buffer>(
              stream, sizeof(Real) * 2 * static_cast<std::size_t>(sequences * points * features))),
          spectra{reinterpret_cast<Real*>(memory->data()), sequences, points, features} {}
};

/// e^(i pi numerator / denominator)
template <class Real>
ELM_HD Number<Real> root(std::int64_t numerator, std::int64_t denominator) {
    const double angle =
        3.14159265358979323846 * static_cast<double>(numerator) / static_cast<double>(denominator);
    return {static_cast<Real>(cos(angle)), static_cast<Real>(sin(angle))};
}

/// roots[k] = e^(-2 pi i k / points), then twists[k] = e^(i pi k / (2 points)).
template <class Real>
struct MakeRoots {
    Spectra<Real> table;  // (2, points, 1)
    ELM_HD void operator()(std::int64_t k) const {
        table.set(0, k, 0, root<Real>(-2 * k, table.points));
        table.set(1, k, 0, root<Real>(k, 2 * table.points));
    }
};

template <class Real>
ELM_HD Number<Real> times(const Number<Real>& a, const Number<Real>& b) {
    return Number<Real>::advance(a, b, {});
}
template <class Real>
ELM_HD Number<Real> conjugate_of(const Number<Real>& a) {
    return {a.real, -a.imag};
}

/// Twisted numbers of a signal (sequences, steps, features), from its end if `reversed`.
template <class Real>
struct Fill {
    View<const Real, 3> signal;
    std::int64_t steps;
    bool reversed;
    Real factor;
    Spectra<Real> table, values;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t feature = index % values.features, row = index / values.features;
        const std::int64_t t = row % values.points, sequence = row / values.points;
        Real value = 0;
        if (t < steps) value = factor * signal(sequence, reversed ? steps - 1 - t : t, feature);
        const Number<Real> twist = table.at(1, t, 0);
        values.set(sequence, t, feature, {value * twist.real, value * twist.imag});
    }
};

/// signal = real parts of the untwisted values, in reverse if `reversed`; 0 where there is none.
template <class Real>
struct Drain {
    Spectra<Real> table, values;
    std::int64_t steps;
    bool reversed;
    Real factor;
    View<Real, 3> signal;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t feature = index % values.features, row = index / values.features;
        const std::int64_t s = row % signal.extent[1], sequence = row / signal.extent[1];
        const std::int64_t t = reversed ? steps - 1 - s : s;
        Real value = 0;
        if (t >= 0) {
            const Number<Real> twist = table.at(1, t, 0), z = values.at(sequence, t, feature);
            value = factor * (z.real * twist.real + z.imag * twist.imag);
        }
        signal(sequence, s, feature) = value;
    }
};

/// One stage over groups of n points: four of them, or for n = 2 both.
template <class Real, bool inverse>
struct Stage {
    Spectra<Real> table, values;
    std::int64_t n;

    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t feature = index % values.features, radix = n == 2 ? 2 : 4;
        const std::int64_t row = index / values.features, per_sequence = values.points / radix;
        const std::int64_t sequence = row / per_sequence, which = row % per_sequence;
        const std::int64_t part = n / radix, j = which % part, first = which / part * n + j;
        Number<Real> x[4] = {};
        for (int i = 0; i < 4; ++i) {
            if (i < radix) x[i] = values.at(sequence, first + i * part, feature);
        }
        if (radix == 2) {
            values.set(sequence, first, feature, sum(x[0], x[1]));
            values.set(sequence, first + 1, feature, difference(x[0], x[1]));
            return;
        }
        const std::int64_t stride = values.points / n;
        for (int i = 1; inverse && i < 4; ++i) {
            x[i] = times(x[i], conjugate_of(table.at(0, i * j * stride, 0)));
        }
        const auto s0 = sum(x[0], x[2]), s1 = difference(x[0], x[2]);
        const auto s2 = sum(x[1], x[3]), s3 = difference(x[1], x[3]);
        const Number<Real> minus{s1.real + s3.imag, s1.imag - s3.real};  // s1 - i s3
        const Number<Real> plus{s1.real - s3.imag, s1.imag + s3.real};
        Number<Real> y[4] = {sum(s0, s2), inverse ? plus : minus, difference(s0, s2),
                             inverse ? minus : plus};
        for (int i = 0; i < 4; ++i) {
            if (!inverse && i > 0) y[i] = times(y[i], table.at(0, i * j * stride, 0));
            values.set(sequence, first + i * part, feature, y[i]);
        }
    }

private:
    ELM_HD static Number<Real> sum(const Number<Real>& a, const Number<Real>& b) {
        return {a.real + b.real, a.imag + b.imag};
    }
    ELM_HD static Number<Real> difference(const Number<Real>& a, const Number<Real>& b) {
        return {a.real - b.real, a.imag - b.imag};
    }
};

/// values *= filter, the same for all sequences.
template <class Real>
struct Multiply {
    Spectra<Real> values, filter;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t feature = index % values.features, row = index / values.features;
        const std::int64_t k = row % values.points, sequence = row / values.points;
        values.set(sequence, k, feature,
                   times(values.at(sequence, k, feature), filter.at(0, k, feature)));
    }
};

/// total = sum over sequences of left right.
template <class Real>
struct SumOfProducts {
    Spectra<Real> left, right, total;
    ELM_HD void operator()(std::int64_t index) const {
        const std::int64_t feature = index % total.features, k = index / total.features;
        Number<Real> sum{};
        for (std::int64_t i = 0; i < left.sequences; ++i) {
            sum = Number<Real>::advance(left.at(i, k, feature), right.at(i, k, feature), sum);
        }
        total.set(0, k, feature, sum);
    }
};

template <class Real>
class Transform {
public:
    Transform(Stream& stream, std::int64_t points)
        : stream_(stream), table_(stream, 2, points, 1), points_(points) {
        Cuda::for_each_index(stream, points, MakeRoots<Real>{table_.spectra});
    }

    /// Transforms of the first `steps` steps of a signal.
    Owned<Real> of(const View<const Real, 3>& signal, std::int64_t steps, bool reversed,
                   double factor = 1) const {
        Owned<Real> result(stream_, signal.extent[0], points_, signal.extent[2]);
        const Spectra<Real>& values = result.spectra;
        Cuda::for_each_index(
            stream_, values.size(),
            Fill<Real>{signal, steps, reversed, static_cast<Real>(factor), table_.spectra, values});
        for (std::int64_t n = points_; n > 1; n /= 4) {
            Cuda::for_each_index(stream_, values.size() / (n == 2 ? 2 : 4),
                                 Stage<Real, false>{table_.spectra, values, n});
        }
        return result;
    }

    /// The first `steps` steps of the signal of which these are the transforms.
    void back(const Spectra<Real>& values, std::int64_t steps, bool reversed, double factor,
              const View<Real, 3>& signal) const {
        std::int64_t n = points_;
        while (n > 4) n /= 4;
        for (; n > 1 && n <= points_; n *= 4) {
            Cuda::for_each_index(stream_, values.size() / (n == 2 ? 2 : 4),
                                 Stage<Real, true>{table_.spectra, values, n});
        }
        Cuda::for_each_index(stream_, signal.size(),
                             Drain<Real>{table_.spectra, values, steps, reversed,
                                         static_cast<Real>(factor), signal});
    }

private:
    Stream& stream_;
    Owned<Real> table_;
    std::int64_t points_;
};

/// (length, features) as one sequence.
template <class T>
View<T, 3> as_sequence(const View<T, 2>& filter) {
    return {filter.data, {1, filter.extent[0], filter.extent[1]}};
}

template <class Real>
Owned<Real> filter_transform(const Transform<Real>& transform, const View<const Real, 2>& filter,
                             std::int64_t steps, std::int64_t points) {
    const std::int64_t used = filter.extent[0] < steps ? filter.extent[0] : steps;
    return transform.of(as_sequence(filter), used, false, 1.0 / static_cast<double>(points));
}

template <class Real>
void multiply(Stream& stream, const Spectra<Real>& values, const Spectra<Real>& filter) {
    Cuda::for_each_index(stream, values.size(), Multiply<Real>{values, filter});
}

template <class Real>
void forward(Stream& stream, const LongConvolutionArgs<Real>& args) {
    if (args.input.size() == 0) return;
    const std::int64_t steps = args.input.extent[1], points = transform_points(steps);
    const Transform<Real> transform(stream, points);
    const Owned<Real> filter = filter_transform(transform, args.filter, steps, points);
    const Owned<Real> values = transform.of(args.input, steps, false);
    multiply(stream, values.spectra, filter.spectra);
    transform.back(values.spectra, steps, false, 1, args.output);
}

template <class Real>
void backward(Stream& stream, const LongConvolutionBackwardArgs<Real>& args) {
    const std::int64_t steps = args.input.extent[1], points = transform_points(steps);
    const Transform<Real> transform(stream, points);
    const bool wanted = args.filter_gradient.data != nullptr;
    const Owned<Real> gradient = transform.of(args.output_gradient, steps, true);
    if (wanted) {
        const Owned<Real> input = transform.of(args.input, steps, false);
        const Owned<Real> total(stream, 1, points, args.input.extent[2]);
        Cuda::for_each_index(stream, total.spectra.size(),
                             SumOfProducts<Real>{gradient.spectra, input.spectra, total.spectra});
        transform.back(total.spectra, steps, true, 1.0 / static_cast<double>(points),
                       as_sequence(args.filter_gradient));
    }
    if (args.input.size() == 0) return;
    const Owned<Real> filter = filter_transform(transform, args.filter, steps, points);
    multiply(stream, gradient.spectra, filter.spectra);
    transform.back(gradient.spectra, steps, true, 1, args.input_gradient);
}

}  // namespace

template <>
void run_long_convolution<Cuda, float>(Stream& stream, const LongConvolutionArgs<float>& args) {
    forward(stream, args);
}
template <>
void run_long_convolution<Cuda, double>(Stream& stream, const LongConvolutionArgs<double>& args) {
    forward(stream, args);
}
template <>
void run_long_convolution_backward<Cuda, float>(Stream& stream,
                                                const LongConvolutionBackwardArgs<float>& args) {
    backward(stream, args);
}
template <>
void run_long_convolution_backward<Cuda, double>(Stream& stream,
                                                 const LongConvolutionBackwardArgs<double>& args) {
    backward(stream, args);
}

}  // namespace elm
