"""The text of an LLVM module as machine code of this processor, in memory."""

from functools import cache

from llvmlite import binding as llvm

_engines: list[llvm.ExecutionEngine] = []
"""What owns the machine code: it goes with its engine, so none ever goes."""


@cache
def load(text: str) -> int:
    """Return the address of the function of that text."""
    module = llvm.parse_assembly(text)
    module.verify()
    machine = _machine()
    builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
    builder.getModulePassManager().run(module, builder)
    engine = llvm.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    _engines.append(engine)
    return int(engine.get_function_address("function"))


def _machine() -> llvm.TargetMachine:
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True)
