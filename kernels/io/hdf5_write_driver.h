#pragma once

#include <cstdint>

namespace elm {

/// Outcome of the writes of one HDF5 file.
struct WriteRecord {
    int error = 0;  // errno of the first call that failed; 0: none did
};

/// Makes a file that is created with this access property list note in `record`, which must live
/// longer than the file, whether its bytes reached the system. The library itself is told that all
/// went well: it does not survive anything else. After a failed write H5Ocopy may crash, H5Dclose
/// and H5Fclose may keep silent or leave a file that can never be closed, and which of these
/// happens depends on the version. So whoever writes asks the record, and the library has nothing
/// to mend.
void note_writes(std::int64_t access, WriteRecord& record);

}  // namespace elm
