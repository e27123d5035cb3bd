"""One thing a device told us, decoded, with its unit."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from agent.core.clock import Stamp
from agent.core.device import DeviceId

Value = bool | int | float | str

PLAYED = "played"
"""Channel of a reading that the hub plays for a drill: the device itself has not spoken."""


class Quantity(StrEnum):
    """What is measured. The unit is the last part of the name; no unit means a yes/no or a word."""

    SOS = "sos"
    SMOKE = "smoke"
    GAS = "gas"
    CO = "co"
    WATER_LEAK = "water_leak"
    CONTACT_OPEN = "contact_open"
    MOTION = "motion"
    ZONE_ALARM = "zone_alarm"  # An IAS zone whose type the hub has no better word for.
    TAMPER = "tamper"
    BATTERY_LOW = "battery_low"
    BATTERY_DEFECT = "battery_defect"
    BATTERY_PCT = "battery_pct"
    BATTERY_V = "battery_v"
    DEVICE_FAULT = (
        "device_fault"  # The device says of itself that it is not well (IAS trouble bit).
    )
    MAINS_LOST = "mains_lost"
    TEST = "test"
    SUPERVISION_REPORTS = "supervision_reports"  # The device promises periodic reports.
    RESTORE_REPORTS = "restore_reports"  # The device promises to say when its alarm is over.
    TEMP_C = "temp_c"
    HUMIDITY_PCT = "humidity_pct"
    ILLUMINANCE_LX = "illuminance_lx"
    POWER_W = "power_w"
    SWITCHED_ON = "switched_on"
    STOVE_ON = "stove_on"
    SIREN_ON = "siren_on"
    GAS_LEL_PCT = "gas_lel_pct"
    CO_PPM = "co_ppm"
    WATER_FLOW_LPH = "water_flow_lph"  # Litres per hour.
    WATER_DAY_L = "water_day_l"  # What ran through the meter in one day.
    VOICE_HELP = "voice_help"  # A call for help was heard; no sound is kept.
    VOICE_CONFIRMED = "voice_confirmed"  # Asked whether help is needed, the person said yes.
    WATER_TOTAL_L = "water_total_l"  # The counter of the meter.
    ENERGY_KWH = "energy_kwh"  # The counter of the meter.
    LIGHT_ON = "light_on"
    EXTENDED = "extended"  # The button that says: I know, leave it on.
    IMPACT = "impact"  # Something worn on the body fell or was hit.
    LYING = "lying"  # The wearer lies.
    WEARER_MOVES = "wearer_moves"
    FALL_CANCELLED = "fall_cancelled"  # The wearer says that it is nothing.
    FALL = "fall"
    FALL_SUSPECTED = "fall_suspected"
    IN_BED = "in_bed"
    BED_MOTION = "bed_motion"
    APNOEA = "apnoea"  # No breath for more than a minute.
    SIGNAL_OK = "signal_ok"  # The device vouches for what it measures.
    USER_OK = "user_ok"  # It was this home's person who measured.
    PULSE_IRREGULAR = "pulse_irregular"
    WEIGHT_KG = "weight_kg"
    NIGHT_RISINGS = "night_risings"  # How often out of bed in one night.
    BP_SYSTOLIC_MMHG = "bp_systolic_mmhg"
    BP_DIASTOLIC_MMHG = "bp_diastolic_mmhg"
    SPO2_PCT = "spo2_pct"
    HEART_RATE_BPM = "heart_rate_bpm"
    BODY_TEMP_C = "body_temp_c"
    GLUCOSE_MMOLL = "glucose_mmoll"  # Millimoles per litre.
    RESPIRATION_BPM = "respiration_bpm"
    DOSE_DUE = "dose_due"  # The plan of medicines says that it is time.
    LID_OPEN = "lid_open"  # Of the medicine box.
    VISIT_DUE = "visit_due"
    VISIT_SEEN = "visit_seen"
    HUB_BATTERY_PCT = "hub_battery_pct"
    DISK_PCT = "disk_pct"  # How full it is.
    QUEUE_ROWS = "queue_rows"  # Rows of the journal that the platform has not confirmed.
    RESTARTED = "restarted"  # Guard began again without having been stopped in good order.
    PATH_LOST = "path_lost"  # A way out of the home is down; `channel` says which.
    CUT_OFF = "cut_off"  # No way out of the home is left.
    RADIO_NOISE_DBM = "radio_noise_dbm"
    DEVICES_LATE_PCT = "devices_late_pct"  # Devices that did not check in, of all.
    JOIN_REFUSED = "join_refused"  # A stranger asked to join while nobody was pairing.
    CLOCK_OFF_S = "clock_off_s"  # How far the clock was off when it could be compared.
    TV_KEY = "tv_key"  # A key of a remote control.
    USER_MISMATCH = "user_mismatch"  # What was measured seems to be another person's.
    AT_HUB = "at_hub"  # Somebody answered at the hub itself.
    AWAY_FOR_S = "away_for_s"  # How long people say that the home is empty; 0: it is not.
    QUIET_S = "quiet_s"  # How long ago the last trusted sign of life was.
    STUCK = "stuck"  # The device contradicts the home: nothing it says is a sign of life.
    # The hub has not heard the device for too long; `channel` says what the base kit's gave.
    SILENT = "silent"
    PRESENCE = "presence"  # Who is at home: home, maybe_away, away, unknown.
    ALERT_LINE_S = "alert_line_s"  # How long this person is usually quiet at most, at this hour.
    MORNING_DUE = "morning_due"  # This person is usually up by now.
    DWELL_DUE = "dwell_due"  # This person has usually left the room by now.
    BED_DUE = "bed_due"  # This person is usually in bed by now.
    RETURN_DUE = "return_due"  # This person is usually back by now.
    ALERT_TABLE = "alert_table"  # The alert line of each hour of the day, in minutes.
    FAULT = "fault"  # A part of the hub is not well; `channel` says which way.


@dataclass(frozen=True, slots=True)
class Reading:
    """One decoded statement of one device.

    `channel`  which of the device's several inputs spoke ("alarm1", "ep35"); for FAULT the kind of
               fault ("no_answer"). State is kept per (device, quantity, channel).
    `frame`    identity of the radio frame that carried it ("35.0500.1a.0021000000"), None when
               there is none. The same frame again within seconds is a retransmission.
    `observed_at_s` wall time by the device's own clock; None when it has none.
    `detail`   a short text for people ("no such port /dev/ttyUSB0"); never parsed.
    `asked`    the hub asked for it; the device did not speak of its own accord.
    `drill`    part of an end-to-end test: recorded and flagged all the way, never dispatched.
    """

    device: DeviceId
    quantity: Quantity
    value: Value
    received: Stamp
    channel: str = ""
    frame: str | None = None
    observed_at_s: float | None = None
    detail: str = ""
    drill: bool = False
    asked: bool = False
