#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "kernels/ops/attention/key_lists.h"

namespace elm {

/// The key lists of the last call, which most calls have again. May be called from several threads.
class RememberedLists {
public:
    /// Numbers that say all that the lists depend on.
    using Key = std::vector<std::int64_t>;

    /// Those of `key`, from make() where the last call had another one.
    template <class Make>
    std::shared_ptr<const KeyLists> of(const Key& key, const Make& make) {
        {
            const std::scoped_lock lock(mutex_);
            if (lists_ != nullptr && key == key_) return lists_;
        }
        auto made = std::make_shared<const KeyLists>(make());
        const std::scoped_lock lock(mutex_);
        key_ = key;
        lists_ = made;
        return made;
    }

private:
    std::mutex mutex_;
    Key key_;
    std::shared_ptr<const KeyLists> lists_;
};

}  // namespace elm
