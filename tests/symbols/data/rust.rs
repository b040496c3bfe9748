// SPDX-License-Identifier: Apache-2.0
// A firmware without a start-up of its own: README.md says how rust.elf was built from it.
#![no_std]
#![no_main]

use core::fmt::Write;

mod app {
    pub struct Queue<T> {
        pub items: [T; 4],
        pub used: usize,
    }

    impl<T: Copy> Queue<T> {
        #[inline(never)]
        pub fn push(&mut self, item: T) -> Result<(), u32> {
            if self.used >= 4 {
                return Err(7);
            }
            self.items[self.used] = item; // @frame:rust-push
            self.used += 1;
            Ok(())
        }
    }

    pub trait Device {
        fn start(&self, register: *mut u32) -> u32;
    }

    pub struct Barometer;

    impl Device for Barometer {
        #[inline(never)]
        fn start(&self, register: *mut u32) -> u32 {
            unsafe {
                core::ptr::write_volatile(register, 1); // @frame:rust-start
                core::ptr::read_volatile(register)
            }
        }
    }

    #[inline(never)]
    pub fn apply<F: Fn(u32) -> u32>(function: F, count: u32) -> u32 {
        let mut sum = 0;
        for i in 0..count {
            sum += function(i); // @frame:rust-apply
        }
        sum
    }
}

struct Port;

impl Write for Port {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        for byte in text.bytes() {
            unsafe { core::ptr::write_volatile(0x4000_0000 as *mut u8, byte) }
        }
        Ok(())
    }
}

static mut QUEUE: app::Queue<u32> = app::Queue { items: [0; 4], used: 0 };

#[no_mangle]
pub extern "C" fn Reset() -> ! {
    use app::Device;
    let queue = unsafe { &mut QUEUE };
    let _ = queue.push(3);
    queue.push(4).unwrap();
    let device: &dyn Device = &app::Barometer;
    let key = device.start(0x2000_0000 as *mut u32);
    let sum = app::apply(|i| i.wrapping_mul(key) ^ 5, key); // @frame:rust-closure
    let _ = write!(Port, "s={} {:?}", sum, queue.items);
    loop {}
}

#[link_section = ".vectors"]
#[no_mangle]
pub static VECTORS: [extern "C" fn() -> !; 1] = [Reset];

#[panic_handler]
fn panic(info: &core::panic::PanicInfo) -> ! {
    let _ = write!(Port, "{}", info);
    loop {}
}
