//! Tells the engine module which version of Bevy this tree is for.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-cfg=bevy_0_19");
}
