"""The transition system of a whole device.

state           what a device is: tasks, scope, state; device_fields has its fields, device_parts reads and changes some
records         the two otadata records, and which decides; record_tears says what a torn one reads as
selection       what the bootloader selects and starts
boot_steps      the bootloader in micro-steps; calls the application's calls
flash_steps     flash and eFuse operations; power_cuts what a cut inside each can leave
action, model   one named step; all of them for a scope
stepper         the model as Python functions; search is the breadth-first search over it, with traces
release_class   which releases come to one model
term_names      names for terms; scope_text a scope in one line
"""
