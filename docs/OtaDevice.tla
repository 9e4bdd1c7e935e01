-------------------------------------------------- MODULE OtaDevice --------------------------------------------------

(* 2 OTA slots, no factory partition, rollback on, anti-rollback off, release rules 5.1, cuts as in F1, restart-at-
   once usage.
   Made from the device model by proofs/export/tla.py; see docs/reading-the-model.md. *)

EXTENDS Naturals

VARIABLES
    task, phase, sector, running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
    record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
    slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation, expected, previous, upgraded,
    upgraded_from

vars == <<
    task, phase, sector, running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
    record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
    slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation, expected, previous, upgraded,
    upgraded_from
>>

FACTORY == 2
NOWHERE == 3

Tasks == {
    "OFF", "SELECT", "ABORT", "TRY", "BURN", "FRESH", "BURN_FRESH", "STARTED", "STUCK", "RUN", "COMMENCE", "SPARE",
    "COMPLETE", "REJECT", "ACCEPT", "BURN_ACCEPT", "ROLLBACK", "SET_BOOT", "FORGET_FIRST", "FORGET_SECOND",
    "SET_BOOT_REJECT", "ERASE_LAST", "FORGET_LAST", "UNNAME", "UNNAME_RESUMED"
}

Phases == {
    "ERASE", "PROGRAM"
}

Sectors == {
    "FIRST", "SECOND"
}

Checks == {
    "EMPTY", "WRONG", "RIGHT"
}

Words == {
    "NEW", "PENDING_VERIFY", "VALID", "INVALID", "ABORTED", "UNDEFINED"
}

Contents == {
    "EMPTY", "PARTIAL", "BROKEN", "COMPLETE"
}

Expectations == {
    "NONE", "MARKED", "TRIED", "ACCEPTED", "REFUSED", "SELECTED", "CHANGED", "SPOILT"
}

TypeOK ==
    /\ task \in Tasks
    /\ phase \in Phases
    /\ sector \in Sectors
    /\ running \in 0 .. NOWHERE
    /\ session \in BOOLEAN
    /\ record0_check \in Checks
    /\ record0_word \in Words
    /\ record0_slot \in 0 .. NOWHERE
    /\ record0_seq \in 0 .. 7
    /\ record1_check \in Checks
    /\ record1_word \in Words
    /\ record1_slot \in 0 .. NOWHERE
    /\ record1_seq \in 0 .. 7
    /\ slot0_content \in Contents
    /\ slot0_is_finished \in BOOLEAN
    /\ slot0_is_earned \in BOOLEAN
    /\ slot0_is_rejected \in BOOLEAN
    /\ slot1_content \in Contents
    /\ slot1_is_finished \in BOOLEAN
    /\ slot1_is_earned \in BOOLEAN
    /\ slot1_is_rejected \in BOOLEAN
    /\ expectation \in Expectations
    /\ expected \in 0 .. NOWHERE
    /\ previous \in 0 .. NOWHERE
    /\ upgraded \in 0 .. 3
    /\ upgraded_from \in 0 .. 3

Init ==
    /\ task = "OFF"
    /\ phase = "ERASE"
    /\ sector = "FIRST"
    /\ running = NOWHERE
    /\ session = FALSE
    /\ record0_check = "EMPTY"
    /\ record0_word = "UNDEFINED"
    /\ record0_slot = 0
    /\ record0_seq = 0
    /\ record1_check = "EMPTY"
    /\ record1_word = "UNDEFINED"
    /\ record1_slot = 0
    /\ record1_seq = 0
    /\ slot0_content = "COMPLETE"
    /\ slot0_is_finished = TRUE
    /\ slot0_is_earned = TRUE
    /\ slot0_is_rejected = FALSE
    /\ slot1_content = "EMPTY"
    /\ slot1_is_finished = FALSE
    /\ slot1_is_earned = FALSE
    /\ slot1_is_rejected = FALSE
    /\ expectation = "NONE"
    /\ expected = NOWHERE
    /\ previous = NOWHERE
    /\ upgraded = 3
    /\ upgraded_from = 3

(* Reset. Source: IDF-BOOT-SELECT. *)
power_on ==
    /\ task = "OFF"
    /\ task' = "SELECT"
    /\ UNCHANGED <<phase, sector, running, session, record0_check, record0_word, record0_slot, record0_seq,
            record1_check, record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished,
            slot0_is_earned, slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned,
            slot1_is_rejected, expectation, expected, previous, upgraded, upgraded_from>>

some_record_is_under_test == (record0_word = "PENDING_VERIFY") \/ (record1_word = "PENDING_VERIFY")

(* Boot. Source: IDF-BOOT-SELECT. *)
boot_aborts ==
    /\ task = "SELECT"
    /\ some_record_is_under_test
    /\ task' = "ABORT"
    /\ sector' = (IF record0_word = "PENDING_VERIFY" THEN "FIRST" ELSE "SECOND")
    /\ UNCHANGED <<phase, running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

first_is_invalid == (record0_check = "EMPTY") \/ (record0_word = "INVALID") \/ (record0_word = "ABORTED")
second_is_invalid == (record1_check = "EMPTY") \/ (record1_word = "INVALID") \/ (record1_word = "ABORTED")
second_is_bootable == ~second_is_invalid /\ (record1_check = "RIGHT")
first_decides == ~first_is_invalid /\ (record0_check = "RIGHT") /\ (~second_is_bootable \/ ~(record0_seq <
    record1_seq))
second_decides == ~second_is_invalid /\ (record1_check = "RIGHT") /\ ~(~first_is_invalid /\ (record0_check =
    "RIGHT") /\ ~(record0_seq < record1_seq))
some_record_decides == first_decides \/ second_decides
deciding_word == IF second_decides THEN record1_word ELSE record0_word
deciding_sector == IF second_decides THEN "SECOND" ELSE "FIRST"

(* Boot. Source: IDF-BOOT-SELECT. *)
boot_tries_new ==
    /\ task = "SELECT"
    /\ ~some_record_is_under_test
    /\ some_record_decides
    /\ deciding_word = "NEW"
    /\ task' = "TRY"
    /\ sector' = deciding_sector
    /\ UNCHANGED <<phase, running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

boot_starts_1 == first_is_invalid /\ second_is_invalid
deciding_slot == IF second_decides THEN record1_slot ELSE record0_slot
selected_place == IF boot_starts_1 THEN 0 ELSE IF some_record_decides THEN deciding_slot ELSE FACTORY
boot_starts_2 == (slot1_content = "COMPLETE") /\ ~(~boot_starts_1 /\ ~some_record_decides) /\ ~(selected_place < 1)
boot_starts_3 == (slot0_content = "COMPLETE") /\ ~(~boot_starts_1 /\ ~some_record_decides)
boot_starts_4 == (slot1_content = "COMPLETE") /\ ~(~(~boot_starts_1 /\ ~some_record_decides) /\ ~(selected_place <
    1))
boot_starts_5 == IF (slot0_content = "COMPLETE") /\ ~boot_starts_1 /\ ~some_record_decides THEN 0 ELSE IF
    boot_starts_4 THEN 1 ELSE NOWHERE
first_place_that_passes == IF ~boot_starts_2 /\ ~boot_starts_3 THEN boot_starts_5 ELSE IF boot_starts_2 THEN 1 ELSE
    IF boot_starts_3 THEN 0 ELSE NOWHERE
boot_starts_6 == first_is_invalid /\ second_is_invalid /\ (record0_check # "RIGHT") /\ (record1_check # "RIGHT") /\
    (first_place_that_passes < FACTORY)
boot_starts_7 == IF first_place_that_passes = NOWHERE THEN "STUCK" ELSE IF boot_starts_6 THEN "FRESH" ELSE
    "STARTED"

(* Boot. Source: IDF-BOOT-SELECT. *)
boot_starts ==
    /\ task = "SELECT"
    /\ ~some_record_is_under_test
    /\ ~(some_record_decides /\ (deciding_word = "NEW"))
    /\ task' = boot_starts_7
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = first_place_that_passes
    /\ UNCHANGED <<session, record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation, expected, previous,
            upgraded, upgraded_from>>

image_begins_1 == IF expectation = "ACCEPTED" THEN expectation ELSE IF expectation = "MARKED" THEN "TRIED" ELSE
    "NONE"
image_begins_2 == IF expectation = "ACCEPTED" THEN expected ELSE IF expectation = "MARKED" THEN previous ELSE
    NOWHERE
image_begins_3 == (expectation = "MARKED") /\ (running = expected)

(* Boot. Source: IDF-BOOT-LOAD. *)
image_begins ==
    /\ task = "STARTED"
    /\ task' = "RUN"
    /\ expectation' = image_begins_1
    /\ expected' = image_begins_2
    /\ previous' = (IF expectation = "ACCEPTED" THEN previous ELSE NOWHERE)
    /\ upgraded' = (IF image_begins_3 THEN running ELSE upgraded)
    /\ upgraded_from' = (IF image_begins_3 THEN previous ELSE upgraded_from)
    /\ UNCHANGED <<phase, sector, running, session, record0_check, record0_word, record0_slot, record0_seq,
            record1_check, record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished,
            slot0_is_earned, slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned,
            slot1_is_rejected>>

next_slot == IF running < 1 THEN (running + 1) % 4 ELSE 0
first_names_running == (record0_check = "RIGHT") /\ (record0_slot = running)
second_names_running == (record1_check = "RIGHT") /\ (record1_slot = running)
commence_1 == first_names_running \/ second_names_running
running_word == IF first_names_running THEN record0_word ELSE record1_word
is_under_test == (running < FACTORY) /\ commence_1 /\ (running_word = "PENDING_VERIFY")
commence_2 == IF expectation = "ACCEPTED" THEN expectation ELSE "NONE"
commence_3 == IF expectation = "ACCEPTED" THEN expected ELSE NOWHERE

(* Call. Source: IDF-OTA-BEGIN. *)
commence ==
    /\ task = "RUN"
    /\ next_slot # running
    /\ ~is_under_test
    /\ ~session
    /\ task' = "COMMENCE"
    /\ expectation' = commence_2
    /\ expected' = commence_3
    /\ previous' = NOWHERE
    /\ UNCHANGED <<phase, sector, running, session, record0_check, record0_word, record0_slot, record0_seq,
            record1_check, record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished,
            slot0_is_earned, slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned,
            slot1_is_rejected, upgraded, upgraded_from>>

write_first_1 == (running < 1) /\ (((running + 1) % 4) = 0)
slot0_is_next == write_first_1 \/ ~(running < 1)
target_content == IF slot0_is_next THEN slot0_content ELSE slot1_content
write_first_2 == IF slot0_is_next THEN "PARTIAL" ELSE slot0_content
write_first_3 == ~slot0_is_next /\ slot0_is_finished
write_first_4 == ~slot0_is_next /\ slot0_is_rejected
slot1_is_next == (running < 1) /\ (((running + 1) % 4) = 1)
write_first_5 == IF slot1_is_next THEN "PARTIAL" ELSE slot1_content
write_first_6 == ~slot1_is_next /\ slot1_is_finished
write_first_7 == ~slot1_is_next /\ slot1_is_rejected

(* Flash. Source: SEED-WRITE. *)
write_first ==
    /\ task = "RUN"
    /\ session
    /\ target_content = "EMPTY"
    /\ slot0_content' = write_first_2
    /\ slot0_is_finished' = write_first_3
    /\ slot0_is_earned' = (~slot0_is_next /\ slot0_is_earned)
    /\ slot0_is_rejected' = write_first_4
    /\ slot1_content' = write_first_5
    /\ slot1_is_finished' = write_first_6
    /\ slot1_is_earned' = (~slot1_is_next /\ slot1_is_earned)
    /\ slot1_is_rejected' = write_first_7
    /\ UNCHANGED <<task, phase, sector, running, session, record0_check, record0_word, record0_slot, record0_seq,
            record1_check, record1_word, record1_slot, record1_seq, expectation, expected, previous, upgraded,
            upgraded_from>>

write_rest_1 == IF slot0_is_next THEN "COMPLETE" ELSE slot0_content
write_rest_2 == (slot0_is_next /\ slot0_is_finished) \/ ((running < 1) /\ (((running + 1) % 4) = 1) /\
    slot1_is_finished)
write_rest_3 == (slot0_is_next /\ write_rest_2) \/ write_first_3
write_rest_4 == (slot0_is_next /\ slot0_is_earned) \/ ((running < 1) /\ (((running + 1) % 4) = 1) /\
    slot1_is_earned)
write_rest_5 == (slot0_is_next /\ write_rest_4) \/ (~slot0_is_next /\ slot0_is_earned)
write_rest_6 == (slot0_is_next /\ slot0_is_rejected) \/ ((running < 1) /\ (((running + 1) % 4) = 1) /\
    slot1_is_rejected)
write_rest_7 == (slot0_is_next /\ write_rest_6) \/ write_first_4
write_rest_8 == IF slot1_is_next THEN "COMPLETE" ELSE slot1_content
write_rest_9 == ((running < 1) /\ (((running + 1) % 4) = 1) /\ write_rest_2) \/ write_first_6
write_rest_10 == ((running < 1) /\ (((running + 1) % 4) = 1) /\ write_rest_4) \/ (~slot1_is_next /\
    slot1_is_earned)
write_rest_11 == ((running < 1) /\ (((running + 1) % 4) = 1) /\ write_rest_6) \/ write_first_7

(* Flash. Source: SEED-WRITE. *)
write_rest ==
    /\ task = "RUN"
    /\ session
    /\ target_content = "PARTIAL"
    /\ slot0_content' = write_rest_1
    /\ slot0_is_finished' = write_rest_3
    /\ slot0_is_earned' = write_rest_5
    /\ slot0_is_rejected' = write_rest_7
    /\ slot1_content' = write_rest_8
    /\ slot1_is_finished' = write_rest_9
    /\ slot1_is_earned' = write_rest_10
    /\ slot1_is_rejected' = write_rest_11
    /\ UNCHANGED <<task, phase, sector, running, session, record0_check, record0_word, record0_slot, record0_seq,
            record1_check, record1_word, record1_slot, record1_seq, expectation, expected, previous, upgraded,
            upgraded_from>>

write_rest_broken_1 == IF slot0_is_next THEN "BROKEN" ELSE slot0_content
write_rest_broken_2 == IF slot1_is_next THEN "BROKEN" ELSE slot1_content

(* Flash. Source: SEED-WRITE. *)
write_rest_broken ==
    /\ task = "RUN"
    /\ session
    /\ target_content = "PARTIAL"
    /\ slot0_content' = write_rest_broken_1
    /\ slot0_is_finished' = write_rest_3
    /\ slot0_is_earned' = write_rest_5
    /\ slot0_is_rejected' = write_rest_7
    /\ slot1_content' = write_rest_broken_2
    /\ slot1_is_finished' = write_rest_9
    /\ slot1_is_earned' = write_rest_10
    /\ slot1_is_rejected' = write_rest_11
    /\ UNCHANGED <<task, phase, sector, running, session, record0_check, record0_word, record0_slot, record0_seq,
            record1_check, record1_word, record1_slot, record1_seq, expectation, expected, previous, upgraded,
            upgraded_from>>

(* Call. Source: NODEMCU-COMPLETE. *)
complete_fails ==
    /\ task = "RUN"
    /\ session
    /\ target_content # "COMPLETE"
    /\ session' = FALSE
    /\ expectation' = commence_2
    /\ expected' = commence_3
    /\ previous' = NOWHERE
    /\ UNCHANGED <<task, phase, sector, running, record0_check, record0_word, record0_slot, record0_seq,
            record1_check, record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished,
            slot0_is_earned, slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned,
            slot1_is_rejected, upgraded, upgraded_from>>

other_sector == IF first_decides THEN "SECOND" ELSE "FIRST"
complete_1 == IF slot0_is_next THEN target_content ELSE slot0_content
complete_2 == IF slot1_is_next THEN target_content ELSE slot1_content

(* Call. Source: IDF-OTA-SET-BOOT. *)
complete ==
    /\ task = "RUN"
    /\ session
    /\ target_content = "COMPLETE"
    /\ task' = "COMPLETE"
    /\ sector' = other_sector
    /\ session' = FALSE
    /\ slot0_content' = complete_1
    /\ slot0_is_finished' = (write_first_1 \/ ~(running < 1) \/ write_first_3)
    /\ slot0_is_earned' = write_rest_5
    /\ slot0_is_rejected' = write_rest_7
    /\ slot1_content' = complete_2
    /\ slot1_is_finished' = (slot1_is_next \/ write_first_6)
    /\ slot1_is_earned' = write_rest_10
    /\ slot1_is_rejected' = write_rest_11
    /\ expectation' = "NONE"
    /\ expected' = NOWHERE
    /\ previous' = NOWHERE
    /\ UNCHANGED <<phase, running, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, upgraded, upgraded_from>>

accept_1 == (running < FACTORY) /\ (deciding_slot = running) /\ (deciding_word = "PENDING_VERIFY") /\ (running = 0)
accept_2 == (running < FACTORY) /\ (deciding_slot = running) /\ (deciding_word = "PENDING_VERIFY") /\ (running = 1)

(* Call. Source: IDF-OTA-MARK-VALID. *)
accept ==
    /\ task = "RUN"
    /\ some_record_decides
    /\ deciding_word # "VALID"
    /\ running < FACTORY
    /\ deciding_slot = running
    /\ deciding_word = "PENDING_VERIFY"
    /\ ~session
    /\ task' = "ACCEPT"
    /\ sector' = deciding_sector
    /\ slot0_is_earned' = (slot0_is_earned \/ accept_1)
    /\ slot1_is_earned' = (slot1_is_earned \/ accept_2)
    /\ expectation' = "NONE"
    /\ expected' = NOWHERE
    /\ previous' = NOWHERE
    /\ UNCHANGED <<phase, running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_rejected, upgraded, upgraded_from>>

other_check == IF first_decides THEN record1_check ELSE record0_check
other_word == IF first_decides THEN record1_word ELSE record0_word
other_slot == IF first_decides THEN record1_slot ELSE record0_slot

(* Call. Source: IDF-OTA-MARK-INVALID. *)
rollback ==
    /\ task = "RUN"
    /\ some_record_decides
    /\ ~((other_check = "EMPTY") \/ (other_word = "INVALID") \/ (other_word = "ABORTED"))
    /\ other_check = "RIGHT"
    /\ (IF other_slot = 0 THEN slot0_content ELSE slot1_content) = "COMPLETE"
    /\ task' = "ROLLBACK"
    /\ sector' = deciding_sector
    /\ expectation' = "NONE"
    /\ expected' = NOWHERE
    /\ previous' = NOWHERE
    /\ UNCHANGED <<phase, running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded,
            upgraded_from>>

(* Reset. Source: IDF-BOOT-SELECT. *)
restart ==
    /\ task = "RUN"
    /\ task' = "SELECT"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ UNCHANGED <<record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation, expected, previous,
            upgraded, upgraded_from>>

check_in_sector == IF sector = "SECOND" THEN record1_check ELSE record0_check
abort_erases_1 == IF sector = "SECOND" THEN record0_check ELSE check_in_sector
abort_erases_2 == IF sector = "SECOND" THEN record0_word ELSE "ABORTED"
slot_in_sector == IF sector = "SECOND" THEN record1_slot ELSE record0_slot
abort_erases_3 == IF sector = "SECOND" THEN record0_slot ELSE slot_in_sector
seq_in_sector == IF sector = "SECOND" THEN record1_seq ELSE record0_seq
abort_erases_4 == IF sector = "SECOND" THEN record0_seq ELSE seq_in_sector
abort_erases_5 == IF sector = "SECOND" THEN seq_in_sector ELSE record1_seq
abort_erases_6 == IF (2 < abort_erases_4) /\ (2 < abort_erases_5) /\ (abort_erases_5 < abort_erases_4) THEN 4 ELSE
    IF 2 < abort_erases_4 THEN 3 ELSE abort_erases_4
abort_erases_7 == IF sector = "SECOND" THEN check_in_sector ELSE record1_check
abort_erases_8 == IF sector = "SECOND" THEN "ABORTED" ELSE record1_word
abort_erases_9 == IF sector = "SECOND" THEN slot_in_sector ELSE record1_slot
abort_erases_10 == IF (2 < abort_erases_5) /\ (2 < abort_erases_4) /\ (abort_erases_4 < abort_erases_5) THEN 4 ELSE
    IF 2 < abort_erases_5 THEN 3 ELSE abort_erases_5

(* Flash. Source: IDF-OTADATA-REWRITE. *)
abort_erases ==
    /\ task = "ABORT"
    /\ phase = "ERASE"
    /\ phase' = "PROGRAM"
    /\ record0_check' = abort_erases_1
    /\ record0_word' = abort_erases_2
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = abort_erases_7
    /\ record1_word' = abort_erases_8
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ UNCHANGED <<task, sector, running, session, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

abort_programs_1 == (check_in_sector = "RIGHT") /\ (slot_in_sector = 0)
abort_programs_2 == abort_programs_1 \/ (~abort_programs_1 /\ slot0_is_rejected)
abort_programs_3 == (check_in_sector = "RIGHT") /\ (slot_in_sector = 1)
abort_programs_4 == abort_programs_3 \/ (~abort_programs_3 /\ slot1_is_rejected)

(* Flash. Source: IDF-OTADATA-REWRITE. *)
abort_programs ==
    /\ task = "ABORT"
    /\ phase = "PROGRAM"
    /\ task' = "SELECT"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ slot0_is_rejected' = abort_programs_2
    /\ slot1_is_rejected' = abort_programs_4
    /\ UNCHANGED <<running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned,
            slot1_content, slot1_is_finished, slot1_is_earned, expectation, expected, previous, upgraded,
            upgraded_from>>

try_erases_1 == IF sector = "SECOND" THEN record0_word ELSE "PENDING_VERIFY"
try_erases_2 == IF sector = "SECOND" THEN "PENDING_VERIFY" ELSE record1_word

(* Flash. Source: IDF-OTADATA-REWRITE. *)
try_erases ==
    /\ task = "TRY"
    /\ phase = "ERASE"
    /\ phase' = "PROGRAM"
    /\ record0_check' = abort_erases_1
    /\ record0_word' = try_erases_1
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = abort_erases_7
    /\ record1_word' = try_erases_2
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ UNCHANGED <<task, sector, running, session, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

try_programs_1 == (slot1_content = "COMPLETE") /\ ~(slot_in_sector < 1)
try_programs_2 == IF ~try_programs_1 /\ (slot0_content # "COMPLETE") THEN IF (slot1_content = "COMPLETE") /\
    (slot_in_sector < 1) THEN 1 ELSE 3 ELSE IF try_programs_1 THEN 1 ELSE IF slot0_content = "COMPLETE" THEN 0 ELSE
    3
try_programs_3 == IF ~try_programs_1 /\ (slot0_content # "COMPLETE") THEN IF (slot1_content = "COMPLETE") /\
    (slot_in_sector < 1) THEN 1 ELSE NOWHERE ELSE IF try_programs_1 THEN 1 ELSE IF slot0_content = "COMPLETE" THEN
    0 ELSE NOWHERE

(* Flash. Source: IDF-OTADATA-REWRITE. *)
try_programs ==
    /\ task = "TRY"
    /\ phase = "PROGRAM"
    /\ task' = (IF try_programs_2 = 3 THEN "STUCK" ELSE "STARTED")
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = try_programs_3
    /\ UNCHANGED <<session, record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation, expected, previous,
            upgraded, upgraded_from>>

fresh_erases_1 == IF sector = "SECOND" THEN record0_check ELSE "RIGHT"
fresh_erases_2 == IF sector = "SECOND" THEN record0_word ELSE "VALID"
fresh_erases_3 == IF sector = "SECOND" THEN record0_seq ELSE (running + 1) % 32
fresh_erases_4 == IF sector = "SECOND" THEN (running + 1) % 32 ELSE record1_seq
fresh_erases_5 == IF (2 < fresh_erases_3) /\ (2 < fresh_erases_4) /\ (fresh_erases_4 < fresh_erases_3) THEN 4 ELSE
    IF 2 < fresh_erases_3 THEN 3 ELSE fresh_erases_3
fresh_erases_6 == IF sector = "SECOND" THEN "RIGHT" ELSE record1_check
fresh_erases_7 == IF sector = "SECOND" THEN "VALID" ELSE record1_word
fresh_erases_8 == IF (2 < fresh_erases_4) /\ (2 < fresh_erases_3) /\ (fresh_erases_3 < fresh_erases_4) THEN 4 ELSE
    IF 2 < fresh_erases_4 THEN 3 ELSE fresh_erases_4

(* Flash. Source: IDF-OTADATA-REWRITE. *)
fresh_erases ==
    /\ task = "FRESH"
    /\ phase = "ERASE"
    /\ phase' = "PROGRAM"
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = fresh_erases_2
    /\ record0_slot' = (IF sector = "SECOND" THEN record0_slot ELSE running)
    /\ record0_seq' = fresh_erases_5
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = fresh_erases_7
    /\ record1_slot' = (IF sector = "SECOND" THEN running ELSE record1_slot)
    /\ record1_seq' = fresh_erases_8
    /\ UNCHANGED <<task, sector, running, session, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

(* Flash. Source: IDF-OTADATA-REWRITE. *)
fresh_programs ==
    /\ task = "FRESH"
    /\ phase = "PROGRAM"
    /\ task' = "STARTED"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ UNCHANGED <<running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

complete_erases_1 == IF sector = "SECOND" THEN record0_word ELSE "NEW"
deciding_seq == IF second_decides THEN record1_seq ELSE record0_seq
complete_erases_2 == IF next_slot < deciding_slot THEN (((next_slot + 2) % 32) + 32 - deciding_slot) % 32 ELSE
    (next_slot + 4 - deciding_slot) % 4
complete_erases_3 == IF some_record_decides THEN (deciding_seq + complete_erases_2) % 32 ELSE (next_slot + 1) % 4
complete_erases_4 == IF sector = "SECOND" THEN record0_seq ELSE complete_erases_3
complete_erases_5 == IF sector = "SECOND" THEN complete_erases_3 ELSE record1_seq
complete_erases_6 == IF (2 < complete_erases_4) /\ (2 < complete_erases_5) /\ (complete_erases_5 <
    complete_erases_4) THEN 4 ELSE IF 2 < complete_erases_4 THEN 3 ELSE complete_erases_4
complete_erases_7 == IF sector = "SECOND" THEN "NEW" ELSE record1_word
complete_erases_8 == IF (2 < complete_erases_5) /\ (2 < complete_erases_4) /\ (complete_erases_4 <
    complete_erases_5) THEN 4 ELSE IF 2 < complete_erases_5 THEN 3 ELSE complete_erases_5

(* Flash. Source: IDF-OTADATA-REWRITE. *)
complete_erases ==
    /\ task = "COMPLETE"
    /\ phase = "ERASE"
    /\ phase' = "PROGRAM"
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = complete_erases_1
    /\ record0_slot' = (IF sector = "SECOND" THEN record0_slot ELSE next_slot)
    /\ record0_seq' = complete_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = complete_erases_7
    /\ record1_slot' = (IF sector = "SECOND" THEN next_slot ELSE record1_slot)
    /\ record1_seq' = complete_erases_8
    /\ UNCHANGED <<task, sector, running, session, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

(* Flash. Source: IDF-OTADATA-REWRITE. *)
complete_programs ==
    /\ task = "COMPLETE"
    /\ phase = "PROGRAM"
    /\ task' = "SELECT"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ slot0_is_rejected' = write_first_4
    /\ slot1_is_rejected' = write_first_7
    /\ expectation' = "MARKED"
    /\ expected' = next_slot
    /\ previous' = running
    /\ UNCHANGED <<record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot1_content,
            slot1_is_finished, slot1_is_earned, upgraded, upgraded_from>>

(* Flash. Source: IDF-OTADATA-REWRITE. *)
accept_erases ==
    /\ task = "ACCEPT"
    /\ phase = "ERASE"
    /\ phase' = "PROGRAM"
    /\ record0_check' = abort_erases_1
    /\ record0_word' = fresh_erases_2
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = abort_erases_7
    /\ record1_word' = fresh_erases_7
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ UNCHANGED <<task, sector, running, session, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

(* Flash. Source: IDF-OTADATA-REWRITE. *)
accept_programs ==
    /\ task = "ACCEPT"
    /\ phase = "PROGRAM"
    /\ task' = "RUN"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ expectation' = "ACCEPTED"
    /\ expected' = running
    /\ UNCHANGED <<running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, previous,
            upgraded, upgraded_from>>

rollback_erases_1 == IF sector = "SECOND" THEN record0_word ELSE "INVALID"
rollback_erases_2 == IF sector = "SECOND" THEN "INVALID" ELSE record1_word

(* Flash. Source: IDF-OTADATA-REWRITE. *)
rollback_erases ==
    /\ task = "ROLLBACK"
    /\ phase = "ERASE"
    /\ phase' = "PROGRAM"
    /\ record0_check' = abort_erases_1
    /\ record0_word' = rollback_erases_1
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = abort_erases_7
    /\ record1_word' = rollback_erases_2
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ UNCHANGED <<task, sector, running, session, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

(* Flash. Source: IDF-OTADATA-REWRITE. *)
rollback_programs ==
    /\ task = "ROLLBACK"
    /\ phase = "PROGRAM"
    /\ task' = "SELECT"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ slot0_is_rejected' = abort_programs_2
    /\ slot1_is_rejected' = abort_programs_4
    /\ expectation' = "REFUSED"
    /\ expected' = running
    /\ previous' = (IF running = upgraded THEN upgraded_from ELSE NOWHERE)
    /\ UNCHANGED <<record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot1_content,
            slot1_is_finished, slot1_is_earned, upgraded, upgraded_from>>

set_boot_erases_1 == IF sector = "SECOND" THEN record0_slot ELSE 0
set_boot_erases_2 == (deciding_seq + (IF 0 < deciding_slot THEN (2 + 32 - deciding_slot) % 32 ELSE (0 + 2 -
    deciding_slot) % 2)) % 32
set_boot_erases_3 == IF some_record_decides THEN set_boot_erases_2 ELSE 1
set_boot_erases_4 == IF sector = "SECOND" THEN record0_seq ELSE set_boot_erases_3
set_boot_erases_5 == IF sector = "SECOND" THEN set_boot_erases_3 ELSE record1_seq
set_boot_erases_6 == IF (2 < set_boot_erases_4) /\ (2 < set_boot_erases_5) /\ (set_boot_erases_5 <
    set_boot_erases_4) THEN 4 ELSE IF 2 < set_boot_erases_4 THEN 3 ELSE set_boot_erases_4
set_boot_erases_7 == IF sector = "SECOND" THEN 0 ELSE record1_slot
set_boot_erases_8 == IF (2 < set_boot_erases_5) /\ (2 < set_boot_erases_4) /\ (set_boot_erases_4 <
    set_boot_erases_5) THEN 4 ELSE IF 2 < set_boot_erases_5 THEN 3 ELSE set_boot_erases_5

(* Flash. Source: IDF-OTADATA-REWRITE. *)
set_boot_erases ==
    /\ task = "SET_BOOT"
    /\ phase = "ERASE"
    /\ phase' = "PROGRAM"
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = complete_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = set_boot_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = complete_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = set_boot_erases_8
    /\ UNCHANGED <<task, sector, running, session, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation,
            expected, previous, upgraded, upgraded_from>>

(* Flash. Source: IDF-OTADATA-REWRITE. *)
set_boot_programs ==
    /\ task = "SET_BOOT"
    /\ phase = "PROGRAM"
    /\ task' = "RUN"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ expectation' = "SELECTED"
    /\ expected' = 0
    /\ UNCHANGED <<running, session, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned,
            slot0_is_rejected, slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, previous,
            upgraded, upgraded_from>>

spare_erases_1 == IF sector = "SECOND" THEN record0_check ELSE "EMPTY"
spare_erases_2 == IF sector = "SECOND" THEN record0_word ELSE "UNDEFINED"
spare_erases_3 == IF sector = "SECOND" THEN record0_seq ELSE 0
spare_erases_4 == IF sector = "SECOND" THEN 0 ELSE record1_seq
spare_erases_5 == IF (2 < spare_erases_3) /\ (2 < spare_erases_4) /\ (spare_erases_4 < spare_erases_3) THEN 4 ELSE
    IF 2 < spare_erases_3 THEN 3 ELSE spare_erases_3
spare_erases_6 == IF sector = "SECOND" THEN "EMPTY" ELSE record1_check
spare_erases_7 == IF sector = "SECOND" THEN "UNDEFINED" ELSE record1_word
spare_erases_8 == IF (2 < spare_erases_4) /\ (2 < spare_erases_3) /\ (spare_erases_3 < spare_erases_4) THEN 4 ELSE
    IF 2 < spare_erases_4 THEN 3 ELSE spare_erases_4

(* Flash. Source: IDF-OTA-BEGIN. *)
spare_erases ==
    /\ task = "SPARE"
    /\ task' = "RUN"
    /\ sector' = "FIRST"
    /\ record0_check' = spare_erases_1
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ UNCHANGED <<phase, running, session, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation, expected, previous,
            upgraded, upgraded_from>>

(* Flash. Source: IDF-OTA-SET-BOOT. *)
forget_first_erases ==
    /\ task = "FORGET_FIRST"
    /\ task' = "FORGET_SECOND"
    /\ sector' = "SECOND"
    /\ record0_check' = spare_erases_1
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ UNCHANGED <<phase, running, session, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, expectation, expected, previous,
            upgraded, upgraded_from>>

(* Flash. Source: IDF-OTA-SET-BOOT. *)
forget_second_erases ==
    /\ task = "FORGET_SECOND"
    /\ task' = "RUN"
    /\ sector' = "FIRST"
    /\ record0_check' = spare_erases_1
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = "SELECTED"
    /\ expected' = FACTORY
    /\ UNCHANGED <<phase, running, session, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, previous, upgraded,
            upgraded_from>>

commence_erases_1 == IF slot0_is_next THEN "EMPTY" ELSE slot0_content
commence_erases_2 == IF slot1_is_next THEN "EMPTY" ELSE slot1_content
commence_erases_3 == (upgraded = next_slot) \/ (upgraded_from = next_slot)
commence_erases_4 == IF commence_erases_3 THEN 3 ELSE upgraded
commence_erases_5 == IF commence_erases_3 THEN 3 ELSE upgraded_from

(* Flash. Source: IDF-OTA-BEGIN. *)
commence_erases ==
    /\ task = "COMMENCE"
    /\ task' = "RUN"
    /\ sector' = "FIRST"
    /\ session' = TRUE
    /\ slot0_content' = commence_erases_1
    /\ slot0_is_finished' = write_first_3
    /\ slot0_is_earned' = (~slot0_is_next /\ slot0_is_earned)
    /\ slot0_is_rejected' = write_first_4
    /\ slot1_content' = commence_erases_2
    /\ slot1_is_finished' = write_first_6
    /\ slot1_is_earned' = (~slot1_is_next /\ slot1_is_earned)
    /\ slot1_is_rejected' = write_first_7
    /\ upgraded' = commence_erases_4
    /\ upgraded_from' = commence_erases_5
    /\ UNCHANGED <<phase, running, record0_check, record0_word, record0_slot, record0_seq, record1_check,
            record1_word, record1_slot, record1_seq, expectation, expected, previous>>

(* Flash. Source: IDF-OTA-SET-BOOT. *)
reject_erases ==
    /\ task = "REJECT"
    /\ task' = "SELECT"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ slot0_content' = commence_erases_1
    /\ slot0_is_finished' = write_first_3
    /\ slot0_is_earned' = (~slot0_is_next /\ slot0_is_earned)
    /\ slot0_is_rejected' = write_first_4
    /\ slot1_content' = commence_erases_2
    /\ slot1_is_finished' = write_first_6
    /\ slot1_is_earned' = (~slot1_is_next /\ slot1_is_earned)
    /\ slot1_is_rejected' = write_first_7
    /\ upgraded' = commence_erases_4
    /\ upgraded_from' = commence_erases_5
    /\ UNCHANGED <<record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq, expectation, expected, previous>>

cut_1 == IF expectation = "REFUSED" THEN "NONE" ELSE expectation
cut_2 == IF expectation = "REFUSED" THEN NOWHERE ELSE expected
cut_3 == IF expectation = "REFUSED" THEN NOWHERE ELSE previous

(* Cut, from F0 on. Source: IDF-OTA-SAFE-UPDATE. *)
cut ==
    /\ task \in {"SELECT", "STUCK", "RUN"}
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

word_in_sector == IF sector = "SECOND" THEN record1_word ELSE record0_word
cut_in_erase_leaves_empty_new_1 == (check_in_sector = "EMPTY") /\ (word_in_sector = "NEW")
cut_in_erase_leaves_empty_new_2 == (check_in_sector = "WRONG") /\ (word_in_sector = "NEW")
cut_in_erase_leaves_empty_new_3 == (check_in_sector = "RIGHT") /\ (word_in_sector = "NEW")
cut_in_erase_leaves_empty_new_4 == cut_in_erase_leaves_empty_new_1 \/ cut_in_erase_leaves_empty_new_2 \/
    cut_in_erase_leaves_empty_new_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_empty_new ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_empty_new_4
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = complete_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = complete_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_empty_pending_verify_1 == (check_in_sector = "EMPTY") /\ (word_in_sector = "PENDING_VERIFY")
cut_in_erase_leaves_empty_pending_verify_2 == (check_in_sector = "WRONG") /\ (word_in_sector = "PENDING_VERIFY")
cut_in_erase_leaves_empty_pending_verify_3 == (check_in_sector = "RIGHT") /\ (word_in_sector = "PENDING_VERIFY")
cut_in_erase_leaves_empty_pending_verify_4 == cut_in_erase_leaves_empty_pending_verify_1 \/
    cut_in_erase_leaves_empty_pending_verify_2 \/ cut_in_erase_leaves_empty_pending_verify_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_empty_pending_verify ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_empty_pending_verify_4
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = try_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = try_erases_2
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_empty_valid_1 == (check_in_sector = "EMPTY") /\ (word_in_sector = "VALID")
cut_in_erase_leaves_empty_valid_2 == (check_in_sector = "WRONG") /\ (word_in_sector = "VALID")
cut_in_erase_leaves_empty_valid_3 == (check_in_sector = "RIGHT") /\ (word_in_sector = "VALID")
cut_in_erase_leaves_empty_valid_4 == cut_in_erase_leaves_empty_valid_1 \/ cut_in_erase_leaves_empty_valid_2 \/
    cut_in_erase_leaves_empty_valid_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_empty_valid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_empty_valid_4
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = fresh_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = fresh_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_empty_invalid_1 == (check_in_sector = "EMPTY") /\ (word_in_sector = "INVALID")
cut_in_erase_leaves_empty_invalid_2 == (check_in_sector = "WRONG") /\ (word_in_sector = "INVALID")
cut_in_erase_leaves_empty_invalid_3 == (check_in_sector = "RIGHT") /\ (word_in_sector = "INVALID")
cut_in_erase_leaves_empty_invalid_4 == cut_in_erase_leaves_empty_invalid_1 \/ cut_in_erase_leaves_empty_invalid_2 \/
    cut_in_erase_leaves_empty_invalid_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_empty_invalid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_empty_invalid_4
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = rollback_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = rollback_erases_2
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_empty_aborted_1 == (check_in_sector = "EMPTY") /\ (word_in_sector = "ABORTED")
cut_in_erase_leaves_empty_aborted_2 == (check_in_sector = "WRONG") /\ (word_in_sector = "ABORTED")
cut_in_erase_leaves_empty_aborted_3 == (check_in_sector = "RIGHT") /\ (word_in_sector = "ABORTED")
cut_in_erase_leaves_empty_aborted_4 == cut_in_erase_leaves_empty_aborted_1 \/ cut_in_erase_leaves_empty_aborted_2 \/
    cut_in_erase_leaves_empty_aborted_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_empty_aborted ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_empty_aborted_4
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = abort_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = abort_erases_8
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_empty_undefined_1 == (check_in_sector = "WRONG") /\ (word_in_sector = "UNDEFINED")
cut_in_erase_leaves_empty_undefined_2 == (check_in_sector = "RIGHT") /\ (word_in_sector = "UNDEFINED")
cut_in_erase_leaves_empty_undefined_3 == cut_in_erase_leaves_empty_new_1 \/
    cut_in_erase_leaves_empty_pending_verify_1 \/ cut_in_erase_leaves_empty_valid_1 \/
    cut_in_erase_leaves_empty_invalid_1 \/ cut_in_erase_leaves_empty_aborted_1 \/ ((check_in_sector = "EMPTY") /\
    (word_in_sector = "UNDEFINED")) \/ cut_in_erase_leaves_empty_new_2 \/
    cut_in_erase_leaves_empty_pending_verify_2 \/ cut_in_erase_leaves_empty_valid_2 \/
    cut_in_erase_leaves_empty_invalid_2 \/ cut_in_erase_leaves_empty_aborted_2 \/
    cut_in_erase_leaves_empty_undefined_1 \/ cut_in_erase_leaves_empty_new_3 \/
    cut_in_erase_leaves_empty_pending_verify_3 \/ cut_in_erase_leaves_empty_valid_3 \/
    cut_in_erase_leaves_empty_invalid_3 \/ cut_in_erase_leaves_empty_aborted_3 \/
    cut_in_erase_leaves_empty_undefined_2

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_empty_undefined ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_empty_undefined_3
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_wrong_new_1 == cut_in_erase_leaves_empty_new_2 \/ cut_in_erase_leaves_empty_new_3
cut_in_erase_leaves_wrong_new_2 == IF sector = "SECOND" THEN record0_check ELSE "WRONG"
cut_in_erase_leaves_wrong_new_3 == IF sector = "SECOND" THEN "WRONG" ELSE record1_check

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_wrong_new ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_wrong_new_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = complete_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = complete_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_wrong_pending_verify_1 == cut_in_erase_leaves_empty_pending_verify_2 \/
    cut_in_erase_leaves_empty_pending_verify_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_wrong_pending_verify ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_wrong_pending_verify_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = try_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = try_erases_2
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_wrong_valid_1 == cut_in_erase_leaves_empty_valid_2 \/ cut_in_erase_leaves_empty_valid_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_wrong_valid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_wrong_valid_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = fresh_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = fresh_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_wrong_invalid_1 == cut_in_erase_leaves_empty_invalid_2 \/ cut_in_erase_leaves_empty_invalid_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_wrong_invalid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_wrong_invalid_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = rollback_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = rollback_erases_2
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_wrong_aborted_1 == cut_in_erase_leaves_empty_aborted_2 \/ cut_in_erase_leaves_empty_aborted_3

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_wrong_aborted ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_wrong_aborted_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = abort_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = abort_erases_8
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_erase_leaves_wrong_undefined_1 == cut_in_erase_leaves_empty_undefined_1 \/
    cut_in_erase_leaves_empty_undefined_2

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_wrong_undefined ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ cut_in_erase_leaves_wrong_undefined_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_right_new ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "NEW"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = complete_erases_1
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = complete_erases_7
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_right_pending_verify ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "PENDING_VERIFY"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = try_erases_1
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = try_erases_2
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_right_valid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "VALID"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = fresh_erases_2
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = fresh_erases_7
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_right_invalid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "INVALID"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = rollback_erases_1
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = rollback_erases_2
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_right_aborted ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "ABORTED"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = abort_erases_2
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = abort_erases_8
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_erase_leaves_right_undefined ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT", "SPARE", "FORGET_FIRST",
            "FORGET_SECOND"}
    /\ phase = "ERASE"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "UNDEFINED"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_empty_new ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "EMPTY"
    /\ word_in_sector = "NEW"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = complete_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = complete_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_empty_pending_verify ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "EMPTY"
    /\ word_in_sector = "PENDING_VERIFY"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = try_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = try_erases_2
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_empty_valid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "EMPTY"
    /\ word_in_sector = "VALID"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = fresh_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = fresh_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_empty_invalid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "EMPTY"
    /\ word_in_sector = "INVALID"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = rollback_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = rollback_erases_2
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_empty_aborted ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "EMPTY"
    /\ word_in_sector = "ABORTED"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = abort_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = abort_erases_8
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_empty_undefined ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ cut_in_erase_leaves_empty_undefined_3
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = spare_erases_1
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = spare_erases_6
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_wrong_new ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ cut_in_erase_leaves_wrong_new_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = complete_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = complete_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_wrong_pending_verify ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ cut_in_erase_leaves_wrong_pending_verify_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = try_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = try_erases_2
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_wrong_valid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ cut_in_erase_leaves_wrong_valid_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = fresh_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = fresh_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_wrong_invalid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ cut_in_erase_leaves_wrong_invalid_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = rollback_erases_1
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = rollback_erases_2
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_wrong_aborted ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ cut_in_erase_leaves_wrong_aborted_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = abort_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = abort_erases_8
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_program_leaves_wrong_undefined_1 == cut_in_erase_leaves_empty_new_2 \/
    cut_in_erase_leaves_empty_pending_verify_2 \/ cut_in_erase_leaves_empty_valid_2 \/
    cut_in_erase_leaves_empty_invalid_2 \/ cut_in_erase_leaves_empty_aborted_2 \/
    cut_in_erase_leaves_empty_undefined_1 \/ cut_in_erase_leaves_empty_new_3 \/
    cut_in_erase_leaves_empty_pending_verify_3 \/ cut_in_erase_leaves_empty_valid_3 \/
    cut_in_erase_leaves_empty_invalid_3 \/ cut_in_erase_leaves_empty_aborted_3 \/
    cut_in_erase_leaves_empty_undefined_2

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_wrong_undefined ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ cut_in_program_leaves_wrong_undefined_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = cut_in_erase_leaves_wrong_new_2
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = set_boot_erases_1
    /\ record0_seq' = spare_erases_5
    /\ record1_check' = cut_in_erase_leaves_wrong_new_3
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = set_boot_erases_7
    /\ record1_seq' = spare_erases_8
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_right_new ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "NEW"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = complete_erases_1
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = complete_erases_7
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_program_leaves_right_pending_verify_1 == (task = "TRY") /\ ((expectation = "MARKED") \/ (expectation =
    "SELECTED"))
cut_in_program_leaves_right_pending_verify_2 == (expectation # "REFUSED") /\ (expectation = "MARKED")
cut_in_program_leaves_right_pending_verify_3 == IF cut_in_program_leaves_right_pending_verify_1 THEN IF
    cut_in_program_leaves_right_pending_verify_2 THEN "TRIED" ELSE "NONE" ELSE cut_1
cut_in_program_leaves_right_pending_verify_4 == IF cut_in_program_leaves_right_pending_verify_1 THEN IF
    cut_in_program_leaves_right_pending_verify_2 THEN cut_3 ELSE NOWHERE ELSE cut_2

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_right_pending_verify ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "PENDING_VERIFY"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = try_erases_1
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = try_erases_2
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_in_program_leaves_right_pending_verify_3
    /\ expected' = cut_in_program_leaves_right_pending_verify_4
    /\ previous' = (IF cut_in_program_leaves_right_pending_verify_1 THEN NOWHERE ELSE cut_3)
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_right_valid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "VALID"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = fresh_erases_2
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = fresh_erases_7
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

cut_in_program_leaves_right_invalid_1 == (task = "ROLLBACK") /\ (slot_in_sector = 0)
cut_in_program_leaves_right_invalid_2 == cut_in_program_leaves_right_invalid_1 \/
    (~cut_in_program_leaves_right_invalid_1 /\ slot0_is_rejected)
cut_in_program_leaves_right_invalid_3 == (task = "ROLLBACK") /\ (slot_in_sector = 1)
cut_in_program_leaves_right_invalid_4 == cut_in_program_leaves_right_invalid_3 \/
    (~cut_in_program_leaves_right_invalid_3 /\ slot1_is_rejected)

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_right_invalid ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "INVALID"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = rollback_erases_1
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = rollback_erases_2
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ slot0_is_rejected' = cut_in_program_leaves_right_invalid_2
    /\ slot1_is_rejected' = cut_in_program_leaves_right_invalid_4
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot1_content, slot1_is_finished,
            slot1_is_earned, upgraded, upgraded_from>>

cut_in_program_leaves_right_aborted_1 == (task = "ABORT") /\ (slot_in_sector = 0)
cut_in_program_leaves_right_aborted_2 == cut_in_program_leaves_right_aborted_1 \/
    (~cut_in_program_leaves_right_aborted_1 /\ slot0_is_rejected)
cut_in_program_leaves_right_aborted_3 == (task = "ABORT") /\ (slot_in_sector = 1)
cut_in_program_leaves_right_aborted_4 == cut_in_program_leaves_right_aborted_3 \/
    (~cut_in_program_leaves_right_aborted_3 /\ slot1_is_rejected)

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_right_aborted ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "ABORTED"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = abort_erases_2
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = abort_erases_8
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ slot0_is_rejected' = cut_in_program_leaves_right_aborted_2
    /\ slot1_is_rejected' = cut_in_program_leaves_right_aborted_4
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot1_content, slot1_is_finished,
            slot1_is_earned, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTADATA-REWRITE. *)
cut_in_program_leaves_right_undefined ==
    /\ task \in {"ABORT", "TRY", "FRESH", "COMPLETE", "ACCEPT", "ROLLBACK", "SET_BOOT"}
    /\ phase = "PROGRAM"
    /\ check_in_sector = "RIGHT"
    /\ word_in_sector = "UNDEFINED"
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ record0_check' = fresh_erases_1
    /\ record0_word' = spare_erases_2
    /\ record0_slot' = abort_erases_3
    /\ record0_seq' = abort_erases_6
    /\ record1_check' = fresh_erases_6
    /\ record1_word' = spare_erases_7
    /\ record1_slot' = abort_erases_9
    /\ record1_seq' = abort_erases_10
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected, slot1_content,
            slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTA-BEGIN. *)
cut_before_wipe ==
    /\ task \in {"COMMENCE", "REJECT"}
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ UNCHANGED <<record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq, slot0_content, slot0_is_finished, slot0_is_earned, slot0_is_rejected,
            slot1_content, slot1_is_finished, slot1_is_earned, slot1_is_rejected, upgraded, upgraded_from>>

(* Cut, from F0 on. Source: IDF-OTA-BEGIN. *)
cut_after_wipe ==
    /\ task \in {"COMMENCE", "REJECT"}
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ slot0_content' = commence_erases_1
    /\ slot0_is_finished' = write_first_3
    /\ slot0_is_earned' = (~slot0_is_next /\ slot0_is_earned)
    /\ slot0_is_rejected' = write_first_4
    /\ slot1_content' = commence_erases_2
    /\ slot1_is_finished' = write_first_6
    /\ slot1_is_earned' = (~slot1_is_next /\ slot1_is_earned)
    /\ slot1_is_rejected' = write_first_7
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ upgraded' = commence_erases_4
    /\ upgraded_from' = commence_erases_5
    /\ UNCHANGED <<record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq>>

cut_in_wipe_1 == (slot0_is_next /\ (slot0_content # "EMPTY")) \/ ((running < 1) /\ (((running + 1) % 4) = 1) /\
    (slot1_content # "EMPTY"))

(* Cut, from F1 on. Source: IDF-OTA-BEGIN. *)
cut_in_wipe ==
    /\ task \in {"COMMENCE", "REJECT"}
    /\ cut_in_wipe_1
    /\ task' = "OFF"
    /\ phase' = "ERASE"
    /\ sector' = "FIRST"
    /\ running' = NOWHERE
    /\ session' = FALSE
    /\ slot0_content' = write_rest_broken_1
    /\ slot0_is_finished' = (slot0_is_finished /\ ~slot0_is_next)
    /\ slot0_is_earned' = (slot0_is_earned /\ ~slot0_is_next)
    /\ slot0_is_rejected' = (slot0_is_rejected /\ ~slot0_is_next)
    /\ slot1_content' = write_rest_broken_2
    /\ slot1_is_finished' = (slot1_is_finished /\ ~slot1_is_next)
    /\ slot1_is_earned' = (slot1_is_earned /\ ~slot1_is_next)
    /\ slot1_is_rejected' = (slot1_is_rejected /\ ~slot1_is_next)
    /\ expectation' = cut_1
    /\ expected' = cut_2
    /\ previous' = cut_3
    /\ upgraded' = commence_erases_4
    /\ upgraded_from' = commence_erases_5
    /\ UNCHANGED <<record0_check, record0_word, record0_slot, record0_seq, record1_check, record1_word,
            record1_slot, record1_seq>>

Next ==
    \/ power_on
    \/ boot_aborts
    \/ boot_tries_new
    \/ boot_starts
    \/ image_begins
    \/ commence
    \/ write_first
    \/ write_rest
    \/ write_rest_broken
    \/ complete_fails
    \/ complete
    \/ accept
    \/ rollback
    \/ restart
    \/ abort_erases
    \/ abort_programs
    \/ try_erases
    \/ try_programs
    \/ fresh_erases
    \/ fresh_programs
    \/ complete_erases
    \/ complete_programs
    \/ accept_erases
    \/ accept_programs
    \/ rollback_erases
    \/ rollback_programs
    \/ set_boot_erases
    \/ set_boot_programs
    \/ spare_erases
    \/ forget_first_erases
    \/ forget_second_erases
    \/ commence_erases
    \/ reject_erases
    \/ cut
    \/ cut_in_erase_leaves_empty_new
    \/ cut_in_erase_leaves_empty_pending_verify
    \/ cut_in_erase_leaves_empty_valid
    \/ cut_in_erase_leaves_empty_invalid
    \/ cut_in_erase_leaves_empty_aborted
    \/ cut_in_erase_leaves_empty_undefined
    \/ cut_in_erase_leaves_wrong_new
    \/ cut_in_erase_leaves_wrong_pending_verify
    \/ cut_in_erase_leaves_wrong_valid
    \/ cut_in_erase_leaves_wrong_invalid
    \/ cut_in_erase_leaves_wrong_aborted
    \/ cut_in_erase_leaves_wrong_undefined
    \/ cut_in_erase_leaves_right_new
    \/ cut_in_erase_leaves_right_pending_verify
    \/ cut_in_erase_leaves_right_valid
    \/ cut_in_erase_leaves_right_invalid
    \/ cut_in_erase_leaves_right_aborted
    \/ cut_in_erase_leaves_right_undefined
    \/ cut_in_program_leaves_empty_new
    \/ cut_in_program_leaves_empty_pending_verify
    \/ cut_in_program_leaves_empty_valid
    \/ cut_in_program_leaves_empty_invalid
    \/ cut_in_program_leaves_empty_aborted
    \/ cut_in_program_leaves_empty_undefined
    \/ cut_in_program_leaves_wrong_new
    \/ cut_in_program_leaves_wrong_pending_verify
    \/ cut_in_program_leaves_wrong_valid
    \/ cut_in_program_leaves_wrong_invalid
    \/ cut_in_program_leaves_wrong_aborted
    \/ cut_in_program_leaves_wrong_undefined
    \/ cut_in_program_leaves_right_new
    \/ cut_in_program_leaves_right_pending_verify
    \/ cut_in_program_leaves_right_valid
    \/ cut_in_program_leaves_right_invalid
    \/ cut_in_program_leaves_right_aborted
    \/ cut_in_program_leaves_right_undefined
    \/ cut_before_wipe
    \/ cut_after_wipe
    \/ cut_in_wipe

Spec == Init /\ [][Next]_vars

C1_1 == (IF running = 0 THEN slot0_content ELSE slot1_content) = "COMPLETE"

(* C1: After a power cut the board boots a complete, verified image, as long as it holds one that commence() did
   not wipe. Source: SEED-INTRO. *)
C1_some_image_always_boots ==
    (task # "STUCK") /\ (~((task = "STARTED") /\ (running < FACTORY)) \/ C1_1)

C2_1 == ~((task = "STARTED") /\ (running < FACTORY)) \/ ((running = 0) /\ slot0_is_finished) \/ ((running = 1) /\
    slot1_is_finished)

(* C2: An image whose download or verification did not finish never boots, neither at the next power-on, nor at the
   one after, nor through rollback(). Source: SEED-INTRO. *)
C2_unfinished_image_never_boots ==
    C2_1

C3_1 == ((running # 0) \/ (slot0_content = write_first_2)) /\ ((running # 1) \/ (slot1_content = write_first_5))
C3_2 == ((running # 0) \/ (slot0_content = write_rest_1)) /\ ((running # 1) \/ (slot1_content = write_rest_8))
C3_3 == ((running # 0) \/ (slot0_content = write_rest_broken_1)) /\ ((running # 1) \/ (slot1_content =
    write_rest_broken_2))
C3_4 == ((running # 0) \/ (slot0_content = complete_1)) /\ ((running # 1) \/ (slot1_content = complete_2))
C3_5 == ((running # 0) \/ (slot0_content = commence_erases_1)) /\ ((running # 1) \/ (slot1_content =
    commence_erases_2))
C3_6 == (task = "COMMENCE") \/ (task = "REJECT")
C3_7 == (~((task = "RUN") /\ session /\ (target_content = "EMPTY")) \/ C3_1) /\ (~((task = "RUN") /\ session /\
    (target_content = "PARTIAL")) \/ C3_2) /\ (~((task = "RUN") /\ session /\ (target_content = "PARTIAL")) \/
    C3_3) /\ (~((task = "RUN") /\ session /\ (target_content = "COMPLETE")) \/ C3_4) /\ ((task # "COMMENCE") \/
    C3_5) /\ ((task # "REJECT") \/ C3_5) /\ (~C3_6 \/ C3_5) /\ (~(C3_6 /\ cut_in_wipe_1) \/ C3_3)

(* C3: commence(), write() and complete() never change the partition of the running image. Source: SEED-COMMENCE.
   *)
C3_running_partition_is_never_written ==
    C3_7

C4_1 == (task = "STARTED") \/ (task = "STUCK")

(* C4: With rollback, an image that complete() has marked gets one try: it is what starts next, or the note of its
   try is whole when the power fails; unless it is accepted then, the start after its try is that of the previous
   image. Source: SEED-ACCEPT. *)
C4_new_image_gets_one_boot ==
    ~(C4_1 /\ ((expectation = "MARKED") \/ (expectation = "TRIED"))) \/ (running = expected)

(* C5: Once accept() has returned, the image stays the one that boots, until another one is marked or selected or
   rollback() restarts; a download, and a complete() that marks nothing, do not end that. Source: SEED-ACCEPT. *)
C5_accepted_image_stays ==
    ~(C4_1 /\ (expectation = "ACCEPTED")) \/ (running = expected)

C6_1 == ~(C4_1 /\ (expectation = "REFUSED")) \/ ((task = "STARTED") /\ (running # expected) /\ ((running = FACTORY) \/
    C1_1))

(* C6: rollback() never returns normally: the board reboots into another whole image, or an error is raised and
   flash is unchanged. Source: SEED-ROLLBACK. *)
C6_rollback_reboots_or_changes_nothing ==
    C6_1 /\ (expectation # "SPOILT")

boot_partition == IF some_record_decides THEN deciding_slot ELSE 0
C10_1 == (record0_word # "PENDING_VERIFY") /\ (record0_word = "ABORTED")
C10_2 == (record0_check = "EMPTY") \/ ((record0_word # "PENDING_VERIFY") /\ (record0_word = "INVALID")) \/
    (record0_word = "PENDING_VERIFY") \/ C10_1
C10_3 == (record1_word # "PENDING_VERIFY") /\ (record1_word = "ABORTED")
C10_4 == (record1_check = "EMPTY") \/ ((record1_word # "PENDING_VERIFY") /\ (record1_word = "INVALID")) \/
    (record1_word = "PENDING_VERIFY") \/ C10_3
C10_5 == ~C10_4 /\ (record1_check = "RIGHT")
C10_6 == ~C10_5 \/ ~(record0_seq < record1_seq)
C10_7 == ~C10_4 /\ (record1_check = "RIGHT") /\ ~(~C10_2 /\ (record0_check = "RIGHT") /\ ~(record0_seq <
    record1_seq))
C10_8 == (~C10_2 /\ (record0_check = "RIGHT") /\ C10_6) \/ C10_7
C10_9 == IF C10_7 THEN record1_slot ELSE record0_slot
C10_10 == (slot1_content = "COMPLETE") /\ ~(~(C10_2 /\ C10_4) /\ ~C10_8) /\ ~((IF C10_2 /\ C10_4 THEN 0 ELSE IF
    C10_8 THEN C10_9 ELSE FACTORY) < 1)
C10_11 == (slot0_content = "COMPLETE") /\ ~(~(C10_2 /\ C10_4) /\ ~C10_8)
C10_12 == ~(~(C10_2 /\ C10_4) /\ ~C10_8) /\ ~((IF C10_2 /\ C10_4 THEN 0 ELSE IF C10_8 THEN C10_9 ELSE FACTORY) < 1)
C10_13 == IF (slot0_content = "COMPLETE") /\ ~(C10_2 /\ C10_4) /\ ~C10_8 THEN 0 ELSE IF (slot1_content =
    "COMPLETE") /\ ~C10_12 THEN 1 ELSE NOWHERE
boot_choice == IF ~C10_10 /\ ~C10_11 THEN C10_13 ELSE IF C10_10 THEN 1 ELSE IF C10_11 THEN 0 ELSE NOWHERE

(* C10: info() names the partition that runs and, unless its image is under test, the one that the next power-on
   starts. Source: SEED-INFO. *)
C10_info_tells_the_truth ==
    ~((task = "RUN") /\ ~is_under_test) \/ (boot_partition = boot_choice)

C11_1 == ((task = "OFF") \/ (task = "RUN") \/ (task = "STARTED")) /\ (record0_check = "RIGHT") /\ (record1_check =
    "RIGHT") /\ (record0_slot = record1_slot) /\ (record0_word # record1_word)
C11_2 == ~C10_2 /\ (record0_check = "RIGHT")
C11_3 == (slot1_content = "COMPLETE") /\ ~(~C10_2 /\ ~C11_2) /\ ~((IF C10_2 THEN 0 ELSE IF C11_2 THEN record0_slot
    ELSE FACTORY) < 1)
C11_4 == (slot0_content = "COMPLETE") /\ ~(~C10_2 /\ ~C11_2)
C11_5 == (slot1_content = "COMPLETE") /\ ~(~(~C10_2 /\ ~C11_2) /\ ~((IF C10_2 THEN 0 ELSE IF C11_2 THEN
    record0_slot ELSE FACTORY) < 1))
C11_6 == IF ~C11_3 /\ ~C11_4 THEN IF (slot0_content = "COMPLETE") /\ ~C10_2 /\ ~C11_2 THEN 0 ELSE IF C11_5 THEN 1
    ELSE 3 ELSE IF C11_3 THEN 1 ELSE IF C11_4 THEN 0 ELSE 3
C11_7 == (slot1_content = "COMPLETE") /\ ~(~C10_4 /\ ~C10_5) /\ ~((IF C10_4 THEN 0 ELSE IF C10_5 THEN IF C10_5 THEN
    record1_slot ELSE 0 ELSE FACTORY) < 1)
C11_8 == (slot0_content = "COMPLETE") /\ ~(~C10_4 /\ ~C10_5)
C11_9 == ~(~C10_4 /\ ~C10_5) /\ ~((IF C10_4 THEN 0 ELSE IF C10_5 THEN IF C10_5 THEN record1_slot ELSE 0 ELSE
    FACTORY) < 1)
C11_10 == IF (slot0_content = "COMPLETE") /\ ~C10_4 /\ ~C10_5 THEN 0 ELSE IF (slot1_content = "COMPLETE") /\ ~C11_9
    THEN 1 ELSE 3
C11_11 == ~C11_1 \/ (C11_6 = (IF ~C11_7 /\ ~C11_8 THEN C11_10 ELSE IF C11_7 THEN 1 ELSE IF C11_8 THEN 0 ELSE 3))

(* C11: Two otadata records that name the same slot with different states never lead to different boot choices,
   each by itself. Source: IDF-OTA-SAFE-UPDATE. *)
C11_records_of_one_slot_agree ==
    C11_11

C13_1 == (record0_check = "RIGHT") /\ (record0_slot = 0)
C13_2 == (C13_1 \/ ((record1_check = "RIGHT") /\ (record1_slot = 0))) /\ ((IF C13_1 THEN record0_word ELSE
    record1_word) = "VALID") /\ (slot0_content = "COMPLETE")
C13_3 == (record0_check = "RIGHT") /\ (record0_slot = 1)
C13_4 == (C13_3 \/ ((record1_check = "RIGHT") /\ (record1_slot = 1))) /\ ((IF C13_3 THEN record0_word ELSE
    record1_word) = "VALID") /\ (slot1_content = "COMPLETE")

(* C13: A whole image that info() calls "valid" called accept() itself, with rollback while it was under test, or
   was provisioned. Source: SEED-ACCEPT. *)
C13_valid_image_earned_it ==
    (task # "RUN") \/ ((~C13_2 \/ slot0_is_earned) /\ (~C13_4 \/ slot1_is_earned))

C14_1 == ~((task = "OFF") /\ C10_8) \/ ((IF C10_9 = 0 THEN slot0_content ELSE slot1_content) = "COMPLETE")

(* C14: With the power off, the otadata record that decides what boots names a slot that holds a whole image,
   whatever power cuts have cost. Source: IDF-OTA-SAFE-UPDATE. *)
C14_lost_record_selects_whole_image ==
    C14_1

deciding_check == IF second_decides THEN record1_check ELSE record0_check
C15_1 == ((IF second_decides THEN record0_check ELSE deciding_check) = "RIGHT") /\ ((IF second_decides THEN
    record0_slot ELSE deciding_slot) = running)
C15_2 == ((IF second_decides THEN deciding_check ELSE record1_check) = "RIGHT") /\ ((IF second_decides THEN
    deciding_slot ELSE record1_slot) = running)
C15_3 == IF C15_1 THEN IF second_decides THEN record0_word ELSE "VALID" ELSE IF second_decides THEN "VALID" ELSE
    record1_word
C15_4 == (task = "RUN") /\ some_record_decides /\ (deciding_word # "VALID") /\ (running < FACTORY) /\
    (deciding_slot = running) /\ (deciding_word = "PENDING_VERIFY") /\ ~session /\ ~((running < FACTORY) /\ (C15_1 \/
    C15_2) /\ (C15_3 = "PENDING_VERIFY")) /\ (next_slot # running)
C15_5 == (task # "RUN") \/ ((task = "RUN") /\ (next_slot # running) /\ ~is_under_test /\ ~session) \/ (session /\
    ~is_under_test /\ (next_slot # running)) \/ C15_4

(* C15: A running application can always begin an upgrade, after accept() if it is under test. Source:
   SEED-COMMENCE. *)
C15_upgrade_is_never_locked_out ==
    C15_5

C16_1 == C10_2 /\ C10_4 /\ (record0_check # "RIGHT") /\ (record1_check # "RIGHT") /\ (boot_choice < FACTORY)
C16_2 == ~C16_1 /\ ~C10_2 /\ (record0_check = "RIGHT") /\ C10_6 /\ (record0_word # "PENDING_VERIFY") /\
    (record0_word = "NEW")
C16_3 == ~C10_2 /\ (record0_check = "RIGHT") /\ C10_6 /\ (record0_word # "PENDING_VERIFY") /\ (record0_word =
    "NEW")
C16_4 == ~C16_2 /\ ~C16_1 /\ ~C16_3 /\ ((record0_word = "PENDING_VERIFY") \/ C10_1)
C16_5 == (~C16_1 /\ (record0_check = "EMPTY")) \/ (~C16_2 /\ ~C16_1 /\ ~C16_3 /\ (record0_word # "PENDING_VERIFY") /\
    (record0_word = "INVALID")) \/ C16_2 \/ C16_4
C16_6 == ~C10_4 /\ (record1_check = "RIGHT") /\ ~(~C10_2 /\ (record0_check = "RIGHT") /\ ~(record0_seq <
    record1_seq)) /\ (record1_word # "PENDING_VERIFY") /\ (record1_word = "NEW")
C16_7 == ~C16_6 /\ ((record1_word = "PENDING_VERIFY") \/ C10_3)
C16_8 == (record1_check = "EMPTY") \/ (~C16_6 /\ (record1_word # "PENDING_VERIFY") /\ (record1_word = "INVALID")) \/
    C16_6 \/ C16_7
C16_9 == C16_1 \/ (~C16_1 /\ (record0_check = "RIGHT"))
C16_10 == IF C16_1 THEN (boot_choice + 1) % 32 ELSE record0_seq
C16_11 == ~(~C16_8 /\ (record1_check = "RIGHT")) \/ ~(C16_10 < record1_seq)
C16_12 == ~C16_8 /\ (record1_check = "RIGHT") /\ ~(~C16_5 /\ C16_9 /\ ~(C16_10 < record1_seq))
C16_13 == (~C16_5 /\ C16_9 /\ C16_11) \/ C16_12
C16_14 == IF C16_1 THEN boot_choice ELSE record0_slot
C16_15 == IF C16_12 THEN record1_slot ELSE C16_14
C16_16 == (C16_13 /\ (C16_15 = FACTORY)) \/ ~C16_13
C16_17 == (slot1_content = "COMPLETE") /\ ~(~(C16_5 /\ C16_8) /\ C16_16) /\ ~((IF C16_5 /\ C16_8 THEN 0 ELSE IF
    C16_13 THEN C16_15 ELSE FACTORY) < 1)
C16_18 == (slot0_content = "COMPLETE") /\ ~(~(C16_5 /\ C16_8) /\ C16_16)
C16_19 == ~(~(C16_5 /\ C16_8) /\ C16_16) /\ ~((IF C16_5 /\ C16_8 THEN 0 ELSE IF C16_13 THEN C16_15 ELSE FACTORY) <
    1)
C16_20 == IF (slot0_content = "COMPLETE") /\ ~(C16_5 /\ C16_8) /\ C16_16 THEN 0 ELSE IF (slot1_content =
    "COMPLETE") /\ ~C16_19 THEN 1 ELSE 3
C16_21 == IF ~C16_17 /\ ~C16_18 THEN C16_20 ELSE IF C16_17 THEN 1 ELSE IF C16_18 THEN 0 ELSE 3
C16_22 == C16_5 /\ C16_8 /\ ~C16_9 /\ (record1_check # "RIGHT") /\ (C16_21 < 2)
C16_23 == ~C16_5 /\ C16_9 /\ C16_11 /\ ~C16_2 /\ ~C16_1 /\ ~C16_3 /\ (record0_word # "PENDING_VERIFY") /\
    (record0_word = "NEW")
C16_24 == ~C16_23 /\ ~C16_2 /\ ~C16_1 /\ ~C10_2 /\ (record0_check = "RIGHT") /\ C10_6 /\ (record0_word #
    "PENDING_VERIFY") /\ (record0_word = "NEW")
C16_25 == ~(~C16_22 /\ (C16_23 \/ C16_24)) /\ ~C16_22 /\ ~C16_23 /\ ~C16_2 /\ ~C16_1 /\ ~C16_3 /\ (record0_word #
    "PENDING_VERIFY") /\ (record0_word = "INVALID")
C16_26 == (~C16_22 /\ ~C16_1 /\ (record0_check = "EMPTY")) \/ C16_25 \/ (~C16_22 /\ (C16_23 \/ C16_24)) \/
    (~(~C16_22 /\ (C16_23 \/ C16_24)) /\ ~C16_22 /\ ~C16_23 /\ (C16_2 \/ C16_4))
C16_27 == ~C16_8 /\ (record1_check = "RIGHT") /\ ~(~C16_5 /\ C16_9 /\ ~(C16_10 < record1_seq)) /\ ~C16_6 /\
    (record1_word # "PENDING_VERIFY") /\ (record1_word = "NEW")
C16_28 == ~C16_27 /\ ~C16_6 /\ ~C10_4 /\ (record1_check = "RIGHT") /\ ~(~C10_2 /\ (record0_check = "RIGHT") /\
    ~(record0_seq < record1_seq)) /\ (record1_word # "PENDING_VERIFY") /\ (record1_word = "NEW")
C16_29 == ~(C16_27 \/ C16_28) /\ ~C16_27 /\ ~C16_6 /\ (record1_word # "PENDING_VERIFY") /\ (record1_word =
    "INVALID")
C16_30 == (record1_check = "EMPTY") \/ C16_29 \/ C16_27 \/ C16_28 \/ (~(C16_27 \/ C16_28) /\ ~C16_27 /\ (C16_6 \/
    C16_7))
C16_31 == ~(~C16_30 /\ (record1_check = "RIGHT")) \/ ~((IF C16_22 THEN (C16_21 + 1) % 32 ELSE C16_10) <
    record1_seq)
C16_32 == ~C16_26 /\ (C16_22 \/ (~C16_22 /\ C16_9)) /\ ~((IF C16_22 THEN (C16_21 + 1) % 32 ELSE C16_10) <
    record1_seq)
C16_33 == ~C16_30 /\ (record1_check = "RIGHT") /\ ~C16_32
C16_34 == (~C16_26 /\ (C16_22 \/ (~C16_22 /\ C16_9)) /\ C16_31) \/ C16_33
C16_35 == IF (slot0_content = "COMPLETE") /\ ~(C16_5 /\ C16_8) /\ C16_16 THEN 0 ELSE IF (slot1_content =
    "COMPLETE") /\ ~C16_19 THEN 1 ELSE NOWHERE
C16_36 == IF ~C16_17 /\ ~C16_18 THEN C16_35 ELSE IF C16_17 THEN 1 ELSE IF C16_18 THEN 0 ELSE NOWHERE
C16_37 == IF C16_33 THEN record1_slot ELSE IF C16_22 THEN C16_36 ELSE C16_14
C16_38 == (C16_34 /\ (C16_37 = FACTORY)) \/ ~C16_34
C16_39 == (slot1_content = "COMPLETE") /\ ~(~(C16_26 /\ C16_30) /\ C16_38) /\ ~((IF C16_26 /\ C16_30 THEN 0 ELSE IF
    C16_34 THEN C16_37 ELSE FACTORY) < 1)
C16_40 == (slot0_content = "COMPLETE") /\ ~(~(C16_26 /\ C16_30) /\ C16_38)
C16_41 == ~(~(C16_26 /\ C16_30) /\ C16_38) /\ ~((IF C16_26 /\ C16_30 THEN 0 ELSE IF C16_34 THEN C16_37 ELSE
    FACTORY) < 1)
C16_42 == IF (slot0_content = "COMPLETE") /\ ~(C16_26 /\ C16_30) /\ C16_38 THEN 0 ELSE IF (slot1_content =
    "COMPLETE") /\ ~C16_41 THEN 1 ELSE 3
C16_43 == C16_21 = (IF ~C16_39 /\ ~C16_40 THEN C16_42 ELSE IF C16_39 THEN 1 ELSE IF C16_40 THEN 0 ELSE 3)

(* C16: With the power off, the second power-on from now starts what every later one starts, if no call is made.
   Source: IDF-OTA-SAFE-UPDATE. *)
C16_choice_settles_in_two_boots ==
    (task # "OFF") \/ C16_43

(* C17: The image that complete() has marked is what starts next, if no call is made before; a try that was noted
   whole counts as a start. Source: SEED-COMPLETE. *)
C17_marked_image_starts ==
    ~(C4_1 /\ (expectation = "MARKED")) \/ (running = expected)

C18_1 == ~((task = "STARTED") /\ (running < FACTORY)) \/ ~(((running = 0) /\ slot0_is_rejected) \/ ((running = 1) /\
    slot1_is_rejected))

(* C18: An image whose record was written as INVALID or ABORTED never starts again, until its slot is written anew
   or esp_ota_set_boot_partition() asks for it. Source: SEED-INFO. *)
C18_rejected_image_never_starts ==
    C18_1

C19_1 == (task = "RUN") /\ some_record_decides /\ (running < FACTORY) /\ (deciding_check = "RIGHT") /\
    (deciding_slot = running)

(* C19: Where the record that decides names the running slot, the state that info() tells of that slot is the one
   of this record. Source: SEED-INFO. *)
C19_info_tells_the_deciding_state ==
    ~C19_1 \/ (running_word = deciding_word)

C20_1 == ~((task = "RUN") /\ (expectation = "ACCEPTED") /\ (running = expected) /\ (running < FACTORY)) \/
    (commence_1 /\ (running_word = "VALID"))

(* C20: Once accept() has returned, info() calls the accepted image "valid" when it runs, until another one is
   marked or selected or rollback() restarts. Source: SEED-ACCEPT. *)
C20_accepted_image_is_called_valid ==
    C20_1

C21_1 == ~slot1_is_next /\ (slot1_content = "COMPLETE") /\ ~(~(C10_2 /\ C10_4) /\ ~C10_8) /\ ~((IF C10_2 /\ C10_4
    THEN 0 ELSE IF C10_8 THEN C10_9 ELSE FACTORY) < 1)
C21_2 == ~slot0_is_next /\ (slot0_content = "COMPLETE") /\ ~(~(C10_2 /\ C10_4) /\ ~C10_8)
C21_3 == IF ~slot0_is_next /\ (slot0_content = "COMPLETE") /\ ~(C10_2 /\ C10_4) /\ ~C10_8 THEN 0 ELSE IF
    ~slot1_is_next /\ (slot1_content = "COMPLETE") /\ ~C10_12 THEN 1 ELSE NOWHERE
C21_4 == (IF ~C21_1 /\ ~C21_2 THEN C21_3 ELSE IF C21_1 THEN 1 ELSE IF C21_2 THEN 0 ELSE NOWHERE) = boot_choice
C21_5 == slot1_is_next \/ (~slot1_is_next /\ (slot1_content = "COMPLETE"))
C21_6 == C21_5 /\ ~(~(C10_2 /\ C10_4) /\ ~C10_8) /\ ~((IF C10_2 /\ C10_4 THEN 0 ELSE IF C10_8 THEN C10_9 ELSE
    FACTORY) < 1)
C21_7 == write_first_1 \/ ~(running < 1) \/ (~slot0_is_next /\ (slot0_content = "COMPLETE"))
C21_8 == C21_7 /\ ~(~(C10_2 /\ C10_4) /\ ~C10_8)
C21_9 == IF ~C21_6 /\ ~C21_8 THEN IF C21_7 /\ ~(C10_2 /\ C10_4) /\ ~C10_8 THEN 0 ELSE IF C21_5 /\ ~C10_12 THEN 1
    ELSE NOWHERE ELSE IF C21_6 THEN 1 ELSE IF C21_8 THEN 0 ELSE NOWHERE
C21_10 == (task = "COMMENCE") \/ (task = "SPARE")
C21_11 == (sector = "SECOND") /\ (record0_check = "EMPTY")
C21_12 == (sector = "SECOND") /\ (record0_word = "PENDING_VERIFY")
C21_13 == ~C21_12 /\ (sector = "SECOND") /\ (record0_word = "INVALID")
C21_14 == ~C21_12 /\ (sector = "SECOND") /\ (record0_word = "ABORTED")
C21_15 == C21_11 \/ (sector # "SECOND") \/ C21_13 \/ C21_12 \/ C21_14
C21_16 == (sector # "SECOND") /\ (record1_check = "EMPTY")
C21_17 == (sector # "SECOND") /\ (record1_word = "PENDING_VERIFY")
C21_18 == ~C21_17 /\ (sector # "SECOND") /\ (record1_word = "INVALID")
C21_19 == ~C21_17 /\ (sector # "SECOND") /\ (record1_word = "ABORTED")
C21_20 == (sector = "SECOND") \/ C21_16 \/ C21_18 \/ C21_17 \/ C21_19
C21_21 == ~(~C21_20 /\ (sector # "SECOND") /\ (record1_check = "RIGHT")) \/ ~(spare_erases_3 < spare_erases_4)
C21_22 == ~C21_15 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ ~(spare_erases_3 < spare_erases_4)
C21_23 == ~C21_20 /\ (sector # "SECOND") /\ (record1_check = "RIGHT") /\ ~C21_22
C21_24 == (~C21_15 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ C21_21) \/ C21_23
C21_25 == IF C21_15 /\ C21_20 THEN 0 ELSE IF C21_24 THEN IF C21_23 THEN set_boot_erases_7 ELSE set_boot_erases_1
    ELSE FACTORY
C21_26 == (slot1_content = "COMPLETE") /\ ~(~(C21_15 /\ C21_20) /\ ~C21_24) /\ ~(C21_25 < 1)
C21_27 == (slot0_content = "COMPLETE") /\ ~(~(C21_15 /\ C21_20) /\ ~C21_24)
C21_28 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_15 /\ C21_20) /\ ~C21_24) /\ ~(C21_25 < 1)) THEN 1 ELSE
    NOWHERE
C21_29 == IF ~C21_26 /\ ~C21_27 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_15 /\ C21_20) /\ ~C21_24 THEN 0 ELSE
    C21_28 ELSE IF C21_26 THEN 1 ELSE IF C21_27 THEN 0 ELSE NOWHERE
C21_30 == (task = "ABORT") \/ (task = "TRY") \/ (task = "FRESH") \/ (task = "COMPLETE") \/ (task = "ACCEPT") \/
    (task = "ROLLBACK") \/ (task = "SET_BOOT") \/ (task = "SPARE") \/ (task = "FORGET_FIRST") \/ (task =
    "FORGET_SECOND")
C21_31 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_empty_new_4) \/ (C21_29 = boot_choice)
C21_32 == ~(C21_12 \/ (sector # "SECOND")) /\ (sector = "SECOND") /\ (record0_word = "INVALID")
C21_33 == ~(C21_12 \/ (sector # "SECOND")) /\ (sector = "SECOND") /\ (record0_word = "ABORTED")
C21_34 == C21_11 \/ (sector # "SECOND") \/ C21_32 \/ C21_12 \/ C21_33
C21_35 == ~((sector = "SECOND") \/ C21_17) /\ (sector # "SECOND") /\ (record1_word = "INVALID")
C21_36 == ~((sector = "SECOND") \/ C21_17) /\ (sector # "SECOND") /\ (record1_word = "ABORTED")
C21_37 == (sector = "SECOND") \/ C21_16 \/ C21_35 \/ C21_17 \/ C21_36
C21_38 == ~(~C21_37 /\ (sector # "SECOND") /\ (record1_check = "RIGHT")) \/ ~(spare_erases_3 < spare_erases_4)
C21_39 == ~C21_34 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ ~(spare_erases_3 < spare_erases_4)
C21_40 == ~C21_37 /\ (sector # "SECOND") /\ (record1_check = "RIGHT") /\ ~C21_39
C21_41 == (~C21_34 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ C21_38) \/ C21_40
C21_42 == IF C21_34 /\ C21_37 THEN 0 ELSE IF C21_41 THEN IF C21_40 THEN set_boot_erases_7 ELSE set_boot_erases_1
    ELSE FACTORY
C21_43 == (slot1_content = "COMPLETE") /\ ~(~(C21_34 /\ C21_37) /\ ~C21_41) /\ ~(C21_42 < 1)
C21_44 == (slot0_content = "COMPLETE") /\ ~(~(C21_34 /\ C21_37) /\ ~C21_41)
C21_45 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_34 /\ C21_37) /\ ~C21_41) /\ ~(C21_42 < 1)) THEN 1 ELSE
    NOWHERE
C21_46 == IF ~C21_43 /\ ~C21_44 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_34 /\ C21_37) /\ ~C21_41 THEN 0 ELSE
    C21_45 ELSE IF C21_43 THEN 1 ELSE IF C21_44 THEN 0 ELSE NOWHERE
C21_47 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_empty_pending_verify_4) \/ (C21_46 =
    boot_choice)
C21_48 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_empty_valid_4) \/ (C21_29 = boot_choice)
C21_49 == ~C21_12 /\ (((sector = "SECOND") /\ (record0_word = "INVALID")) \/ (sector # "SECOND"))
C21_50 == C21_11 \/ (sector # "SECOND") \/ C21_49 \/ C21_12 \/ C21_14
C21_51 == ~C21_17 /\ ((sector = "SECOND") \/ ((sector # "SECOND") /\ (record1_word = "INVALID")))
C21_52 == (sector = "SECOND") \/ C21_16 \/ C21_51 \/ C21_17 \/ C21_19
C21_53 == ~(~C21_52 /\ (sector # "SECOND") /\ (record1_check = "RIGHT")) \/ ~(spare_erases_3 < spare_erases_4)
C21_54 == ~C21_50 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ ~(spare_erases_3 < spare_erases_4)
C21_55 == ~C21_52 /\ (sector # "SECOND") /\ (record1_check = "RIGHT") /\ ~C21_54
C21_56 == (~C21_50 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ C21_53) \/ C21_55
C21_57 == IF C21_50 /\ C21_52 THEN 0 ELSE IF C21_56 THEN IF C21_55 THEN set_boot_erases_7 ELSE set_boot_erases_1
    ELSE FACTORY
C21_58 == (slot1_content = "COMPLETE") /\ ~(~(C21_50 /\ C21_52) /\ ~C21_56) /\ ~(C21_57 < 1)
C21_59 == (slot0_content = "COMPLETE") /\ ~(~(C21_50 /\ C21_52) /\ ~C21_56)
C21_60 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_50 /\ C21_52) /\ ~C21_56) /\ ~(C21_57 < 1)) THEN 1 ELSE
    NOWHERE
C21_61 == IF ~C21_58 /\ ~C21_59 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_50 /\ C21_52) /\ ~C21_56 THEN 0 ELSE
    C21_60 ELSE IF C21_58 THEN 1 ELSE IF C21_59 THEN 0 ELSE NOWHERE
C21_62 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_empty_invalid_4) \/ (C21_61 = boot_choice)
C21_63 == ~C21_12 /\ (((sector = "SECOND") /\ (record0_word = "ABORTED")) \/ (sector # "SECOND"))
C21_64 == C21_11 \/ (sector # "SECOND") \/ C21_13 \/ C21_12 \/ C21_63
C21_65 == ~C21_17 /\ ((sector = "SECOND") \/ ((sector # "SECOND") /\ (record1_word = "ABORTED")))
C21_66 == (sector = "SECOND") \/ C21_16 \/ C21_18 \/ C21_17 \/ C21_65
C21_67 == ~(~C21_66 /\ (sector # "SECOND") /\ (record1_check = "RIGHT")) \/ ~(spare_erases_3 < spare_erases_4)
C21_68 == ~C21_64 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ ~(spare_erases_3 < spare_erases_4)
C21_69 == ~C21_66 /\ (sector # "SECOND") /\ (record1_check = "RIGHT") /\ ~C21_68
C21_70 == (~C21_64 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ C21_67) \/ C21_69
C21_71 == IF C21_64 /\ C21_66 THEN 0 ELSE IF C21_70 THEN IF C21_69 THEN set_boot_erases_7 ELSE set_boot_erases_1
    ELSE FACTORY
C21_72 == (slot1_content = "COMPLETE") /\ ~(~(C21_64 /\ C21_66) /\ ~C21_70) /\ ~(C21_71 < 1)
C21_73 == (slot0_content = "COMPLETE") /\ ~(~(C21_64 /\ C21_66) /\ ~C21_70)
C21_74 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_64 /\ C21_66) /\ ~C21_70) /\ ~(C21_71 < 1)) THEN 1 ELSE
    NOWHERE
C21_75 == IF ~C21_72 /\ ~C21_73 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_64 /\ C21_66) /\ ~C21_70 THEN 0 ELSE
    C21_74 ELSE IF C21_72 THEN 1 ELSE IF C21_73 THEN 0 ELSE NOWHERE
C21_76 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_empty_aborted_4) \/ (C21_75 = boot_choice)
C21_77 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_empty_undefined_3) \/ (C21_29 =
    boot_choice)
C21_78 == C21_11 \/ C21_13 \/ C21_12 \/ C21_14
C21_79 == C21_16 \/ C21_18 \/ C21_17 \/ C21_19
C21_80 == ~(~C21_79 /\ (sector # "SECOND") /\ (record1_check = "RIGHT")) \/ ~(spare_erases_3 < spare_erases_4)
C21_81 == ~C21_78 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ ~(spare_erases_3 < spare_erases_4)
C21_82 == ~C21_79 /\ (sector # "SECOND") /\ (record1_check = "RIGHT") /\ ~C21_81
C21_83 == (~C21_78 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ C21_80) \/ C21_82
C21_84 == IF C21_78 /\ C21_79 THEN 0 ELSE IF C21_83 THEN IF C21_82 THEN set_boot_erases_7 ELSE set_boot_erases_1
    ELSE FACTORY
C21_85 == (slot1_content = "COMPLETE") /\ ~(~(C21_78 /\ C21_79) /\ ~C21_83) /\ ~(C21_84 < 1)
C21_86 == (slot0_content = "COMPLETE") /\ ~(~(C21_78 /\ C21_79) /\ ~C21_83)
C21_87 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_78 /\ C21_79) /\ ~C21_83) /\ ~(C21_84 < 1)) THEN 1 ELSE
    NOWHERE
C21_88 == IF ~C21_85 /\ ~C21_86 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_78 /\ C21_79) /\ ~C21_83 THEN 0 ELSE
    C21_87 ELSE IF C21_85 THEN 1 ELSE IF C21_86 THEN 0 ELSE NOWHERE
C21_89 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_wrong_new_1) \/ (C21_88 = boot_choice)
C21_90 == C21_11 \/ C21_32 \/ C21_12 \/ (sector # "SECOND") \/ C21_33
C21_91 == C21_16 \/ C21_35 \/ (sector = "SECOND") \/ C21_17 \/ C21_36
C21_92 == ~(~C21_91 /\ (sector # "SECOND") /\ (record1_check = "RIGHT")) \/ ~(spare_erases_3 < spare_erases_4)
C21_93 == ~C21_90 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ ~(spare_erases_3 < spare_erases_4)
C21_94 == ~C21_91 /\ (sector # "SECOND") /\ (record1_check = "RIGHT") /\ ~C21_93
C21_95 == (~C21_90 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ C21_92) \/ C21_94
C21_96 == IF C21_90 /\ C21_91 THEN 0 ELSE IF C21_95 THEN IF C21_94 THEN set_boot_erases_7 ELSE set_boot_erases_1
    ELSE FACTORY
C21_97 == (slot1_content = "COMPLETE") /\ ~(~(C21_90 /\ C21_91) /\ ~C21_95) /\ ~(C21_96 < 1)
C21_98 == (slot0_content = "COMPLETE") /\ ~(~(C21_90 /\ C21_91) /\ ~C21_95)
C21_99 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_90 /\ C21_91) /\ ~C21_95) /\ ~(C21_96 < 1)) THEN 1 ELSE
    NOWHERE
C21_100 == IF ~C21_97 /\ ~C21_98 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_90 /\ C21_91) /\ ~C21_95 THEN 0 ELSE
    C21_99 ELSE IF C21_97 THEN 1 ELSE IF C21_98 THEN 0 ELSE NOWHERE
C21_101 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_wrong_pending_verify_1) \/ (C21_100 =
    boot_choice)
C21_102 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_wrong_valid_1) \/ (C21_88 = boot_choice)
C21_103 == C21_11 \/ C21_49 \/ C21_12 \/ C21_14
C21_104 == C21_16 \/ C21_51 \/ C21_17 \/ C21_19
C21_105 == ~(~C21_104 /\ (sector # "SECOND") /\ (record1_check = "RIGHT")) \/ ~(spare_erases_3 < spare_erases_4)
C21_106 == ~C21_103 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ ~(spare_erases_3 < spare_erases_4)
C21_107 == ~C21_104 /\ (sector # "SECOND") /\ (record1_check = "RIGHT") /\ ~C21_106
C21_108 == (~C21_103 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ C21_105) \/ C21_107
C21_109 == IF C21_103 /\ C21_104 THEN 0 ELSE IF C21_108 THEN IF C21_107 THEN set_boot_erases_7 ELSE
    set_boot_erases_1 ELSE FACTORY
C21_110 == (slot1_content = "COMPLETE") /\ ~(~(C21_103 /\ C21_104) /\ ~C21_108) /\ ~(C21_109 < 1)
C21_111 == (slot0_content = "COMPLETE") /\ ~(~(C21_103 /\ C21_104) /\ ~C21_108)
C21_112 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_103 /\ C21_104) /\ ~C21_108) /\ ~(C21_109 < 1)) THEN 1 ELSE
    NOWHERE
C21_113 == IF ~C21_110 /\ ~C21_111 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_103 /\ C21_104) /\ ~C21_108 THEN 0
    ELSE C21_112 ELSE IF C21_110 THEN 1 ELSE IF C21_111 THEN 0 ELSE NOWHERE
C21_114 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_wrong_invalid_1) \/ (C21_113 =
    boot_choice)
C21_115 == C21_11 \/ C21_13 \/ C21_12 \/ C21_63
C21_116 == C21_16 \/ C21_18 \/ C21_17 \/ C21_65
C21_117 == ~(~C21_116 /\ (sector # "SECOND") /\ (record1_check = "RIGHT")) \/ ~(spare_erases_3 < spare_erases_4)
C21_118 == ~C21_115 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ ~(spare_erases_3 < spare_erases_4)
C21_119 == ~C21_116 /\ (sector # "SECOND") /\ (record1_check = "RIGHT") /\ ~C21_118
C21_120 == (~C21_115 /\ (sector = "SECOND") /\ (record0_check = "RIGHT") /\ C21_117) \/ C21_119
C21_121 == IF C21_115 /\ C21_116 THEN 0 ELSE IF C21_120 THEN IF C21_119 THEN set_boot_erases_7 ELSE
    set_boot_erases_1 ELSE FACTORY
C21_122 == (slot1_content = "COMPLETE") /\ ~(~(C21_115 /\ C21_116) /\ ~C21_120) /\ ~(C21_121 < 1)
C21_123 == (slot0_content = "COMPLETE") /\ ~(~(C21_115 /\ C21_116) /\ ~C21_120)
C21_124 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_115 /\ C21_116) /\ ~C21_120) /\ ~(C21_121 < 1)) THEN 1 ELSE
    NOWHERE
C21_125 == IF ~C21_122 /\ ~C21_123 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_115 /\ C21_116) /\ ~C21_120 THEN 0
    ELSE C21_124 ELSE IF C21_122 THEN 1 ELSE IF C21_123 THEN 0 ELSE NOWHERE
C21_126 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_wrong_aborted_1) \/ (C21_125 =
    boot_choice)
C21_127 == ~(C21_10 /\ C21_30 /\ (phase = "ERASE") /\ cut_in_erase_leaves_wrong_undefined_1) \/ (C21_88 =
    boot_choice)
C21_128 == C21_10 /\ C21_30 /\ (phase = "ERASE") /\ (check_in_sector = "RIGHT") /\ (word_in_sector = "NEW")
C21_129 == ((sector = "SECOND") /\ (record0_check = "RIGHT")) \/ (sector # "SECOND")
C21_130 == (sector = "SECOND") \/ ((sector # "SECOND") /\ (record1_check = "RIGHT"))
C21_131 == ~C21_79 /\ C21_130 /\ ~(~C21_78 /\ C21_129 /\ ~(abort_erases_4 < abort_erases_5))
C21_132 == (~C21_78 /\ C21_129 /\ (~(~C21_79 /\ C21_130) \/ ~(abort_erases_4 < abort_erases_5))) \/ C21_131
C21_133 == IF C21_78 /\ C21_79 THEN 0 ELSE IF C21_132 THEN IF C21_131 THEN abort_erases_9 ELSE abort_erases_3 ELSE
    FACTORY
C21_134 == (slot1_content = "COMPLETE") /\ ~(~(C21_78 /\ C21_79) /\ ~C21_132) /\ ~(C21_133 < 1)
C21_135 == (slot0_content = "COMPLETE") /\ ~(~(C21_78 /\ C21_79) /\ ~C21_132)
C21_136 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_78 /\ C21_79) /\ ~C21_132) /\ ~(C21_133 < 1)) THEN 1 ELSE
    NOWHERE
C21_137 == IF ~C21_134 /\ ~C21_135 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_78 /\ C21_79) /\ ~C21_132 THEN 0
    ELSE C21_136 ELSE IF C21_134 THEN 1 ELSE IF C21_135 THEN 0 ELSE NOWHERE
C21_138 == C21_10 /\ C21_30 /\ (phase = "ERASE") /\ (check_in_sector = "RIGHT") /\ (word_in_sector =
    "PENDING_VERIFY")
C21_139 == ~C21_91 /\ C21_130 /\ ~(~C21_90 /\ C21_129 /\ ~(abort_erases_4 < abort_erases_5))
C21_140 == (~C21_90 /\ C21_129 /\ (~(~C21_91 /\ C21_130) \/ ~(abort_erases_4 < abort_erases_5))) \/ C21_139
C21_141 == IF C21_90 /\ C21_91 THEN 0 ELSE IF C21_140 THEN IF C21_139 THEN abort_erases_9 ELSE abort_erases_3 ELSE
    FACTORY
C21_142 == (slot1_content = "COMPLETE") /\ ~(~(C21_90 /\ C21_91) /\ ~C21_140) /\ ~(C21_141 < 1)
C21_143 == (slot0_content = "COMPLETE") /\ ~(~(C21_90 /\ C21_91) /\ ~C21_140)
C21_144 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_90 /\ C21_91) /\ ~C21_140) /\ ~(C21_141 < 1)) THEN 1 ELSE
    NOWHERE
C21_145 == IF ~C21_142 /\ ~C21_143 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_90 /\ C21_91) /\ ~C21_140 THEN 0
    ELSE C21_144 ELSE IF C21_142 THEN 1 ELSE IF C21_143 THEN 0 ELSE NOWHERE
C21_146 == C21_10 /\ C21_30 /\ (phase = "ERASE") /\ (check_in_sector = "RIGHT") /\ (word_in_sector = "VALID")
C21_147 == C21_10 /\ C21_30 /\ (phase = "ERASE") /\ (check_in_sector = "RIGHT") /\ (word_in_sector = "INVALID")
C21_148 == ~C21_104 /\ C21_130 /\ ~(~C21_103 /\ C21_129 /\ ~(abort_erases_4 < abort_erases_5))
C21_149 == (~C21_103 /\ C21_129 /\ (~(~C21_104 /\ C21_130) \/ ~(abort_erases_4 < abort_erases_5))) \/ C21_148
C21_150 == IF C21_103 /\ C21_104 THEN 0 ELSE IF C21_149 THEN IF C21_148 THEN abort_erases_9 ELSE abort_erases_3
    ELSE FACTORY
C21_151 == (slot1_content = "COMPLETE") /\ ~(~(C21_103 /\ C21_104) /\ ~C21_149) /\ ~(C21_150 < 1)
C21_152 == (slot0_content = "COMPLETE") /\ ~(~(C21_103 /\ C21_104) /\ ~C21_149)
C21_153 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_103 /\ C21_104) /\ ~C21_149) /\ ~(C21_150 < 1)) THEN 1 ELSE
    NOWHERE
C21_154 == IF ~C21_151 /\ ~C21_152 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_103 /\ C21_104) /\ ~C21_149 THEN 0
    ELSE C21_153 ELSE IF C21_151 THEN 1 ELSE IF C21_152 THEN 0 ELSE NOWHERE
C21_155 == C21_10 /\ C21_30 /\ (phase = "ERASE") /\ (check_in_sector = "RIGHT") /\ (word_in_sector = "ABORTED")
C21_156 == ~C21_116 /\ C21_130 /\ ~(~C21_115 /\ C21_129 /\ ~(abort_erases_4 < abort_erases_5))
C21_157 == (~C21_115 /\ C21_129 /\ (~(~C21_116 /\ C21_130) \/ ~(abort_erases_4 < abort_erases_5))) \/ C21_156
C21_158 == IF C21_115 /\ C21_116 THEN 0 ELSE IF C21_157 THEN IF C21_156 THEN abort_erases_9 ELSE abort_erases_3
    ELSE FACTORY
C21_159 == (slot1_content = "COMPLETE") /\ ~(~(C21_115 /\ C21_116) /\ ~C21_157) /\ ~(C21_158 < 1)
C21_160 == (slot0_content = "COMPLETE") /\ ~(~(C21_115 /\ C21_116) /\ ~C21_157)
C21_161 == IF (slot1_content = "COMPLETE") /\ ~(~(~(C21_115 /\ C21_116) /\ ~C21_157) /\ ~(C21_158 < 1)) THEN 1 ELSE
    NOWHERE
C21_162 == IF ~C21_159 /\ ~C21_160 THEN IF (slot0_content = "COMPLETE") /\ ~(C21_115 /\ C21_116) /\ ~C21_157 THEN 0
    ELSE C21_161 ELSE IF C21_159 THEN 1 ELSE IF C21_160 THEN 0 ELSE NOWHERE
C21_163 == C21_10 /\ C21_30 /\ (phase = "ERASE") /\ (check_in_sector = "RIGHT") /\ (word_in_sector = "UNDEFINED")
C21_164 == (~((task = "RUN") /\ session /\ (target_content = "EMPTY")) \/ C21_4) /\ (~((task = "RUN") /\ session /\
    (target_content = "PARTIAL")) \/ (C21_9 = boot_choice)) /\ (~((task = "RUN") /\ session /\ (target_content =
    "PARTIAL")) \/ C21_4) /\ (~(C21_10 /\ (task = "SPARE")) \/ (C21_29 = boot_choice)) /\ (~(C21_10 /\ (task =
    "COMMENCE")) \/ C21_4) /\ C21_31 /\ C21_47 /\ C21_48 /\ C21_62 /\ C21_76 /\ C21_77 /\ C21_89 /\ C21_101 /\
    C21_102 /\ C21_114 /\ C21_126 /\ C21_127 /\ (~C21_128 \/ (C21_137 = boot_choice)) /\ (~C21_138 \/ (C21_145 =
    boot_choice)) /\ (~C21_146 \/ (C21_137 = boot_choice)) /\ (~C21_147 \/ (C21_154 = boot_choice)) /\ (~C21_155 \/
    (C21_162 = boot_choice)) /\ (~C21_163 \/ (C21_137 = boot_choice)) /\ (~(C21_10 /\ C3_6) \/ C21_4) /\ (~(C21_10 /\
    C3_6 /\ cut_in_wipe_1) \/ C21_4)

(* C21: commence() and write() do not change what the next power-on starts, whether they return or the power fails.
   Source: SEED-COMMENCE. *)
C21_download_changes_no_choice ==
    C21_164

(* C22: Where rollback() restarts from the image that was marked last, it starts the image that ran when that one
   was marked, as long as its slot was not wiped. Source: SEED-ROLLBACK. *)
C22_rollback_starts_the_previous_image ==
    ~(C4_1 /\ (expectation = "REFUSED") /\ (previous # NOWHERE)) \/ (running = previous)

C24_1 == (task = "RUN") /\ (boot_partition = running) /\ (~some_record_decides \/ (deciding_word = "VALID") \/
    (deciding_word = "UNDEFINED")) /\ ~is_under_test
C24_2 == IF C16_3 THEN "PENDING_VERIFY" ELSE IF record0_word = "PENDING_VERIFY" THEN "ABORTED" ELSE record0_word
C24_3 == IF C16_6 THEN "PENDING_VERIFY" ELSE IF record1_word = "PENDING_VERIFY" THEN "ABORTED" ELSE record1_word
C24_4 == (record0_check = (IF C16_1 THEN "RIGHT" ELSE record0_check)) /\ (record0_word = (IF C16_1 THEN "VALID"
    ELSE C24_2)) /\ (record0_slot = C16_14) /\ (record0_seq = C16_10) /\ (record1_word = C24_3)

(* C24: A power-on changes neither flash nor eFuse, where the running image is the one selected and is not new or
   under test. Source: IDF-BOOT-SELECT. *)
C24_settled_boot_writes_nothing ==
    ~C24_1 \/ C24_4

C25_1 == (boot_choice < FACTORY) /\ (((boot_choice = 0) /\ slot0_is_earned) \/ ((boot_choice = 1) /\
    slot1_is_earned))
C25_2 == ~((task = "OFF") \/ (task = "RUN")) \/ (boot_choice = FACTORY) \/ C25_1 \/ (C16_21 = 2) \/ ((C16_21 < 2) /\
    (((C16_21 = 0) /\ slot0_is_earned) \/ ((C16_21 = 1) /\ slot1_is_earned)))

(* C25: With the power off or an image running, one of the next two power-ons starts an image that was accepted or
   provisioned, if no call is made in between. Source: SEED-ACCEPT. *)
C25_accepted_image_comes_back ==
    C25_2

======================================================================================================================
