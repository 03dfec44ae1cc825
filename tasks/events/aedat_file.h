#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tasks/events/sensor.h"

namespace elm {

/// Polarity events of a recording in AEDAT 3.1: lines that begin with #, the first "#!AER-DAT3.1",
/// the last "#!END-HEADER"; then packets, all numbers little-endian:
///
///   header   uint16 type, uint16 source, uint32 bytes of an event, uint32 where its time stands,
///            uint32 overflow of the clock, uint32 room, uint32 events, uint32 valid ones
///   event    of type 1: uint32 x << 17 | y << 2 | polarity << 1 | valid, int32 time (us), to which
///            2^31 us are added for each overflow
///
/// Packets of other types and events that are not valid are left out. Throws Error{data} naming
/// `path` and what is wrong: another version, a packet that is cut or has events of another size,
/// pixels outside the sensor, times that go back.
/// Source: iniVation, "AEDAT file formats".
std::vector<CameraEvent> parse_aedat(std::string_view bytes, const Sensor& sensor,
                                     const std::string& path);

}  // namespace elm
