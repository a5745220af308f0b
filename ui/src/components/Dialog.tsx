import { Modal } from "@mantine/core";
import type { ReactNode } from "react";
import { useWords } from "../i18n";

interface Props {
  title: string;
  opened: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A question in front of the page. It stays mounted while it is closed, or focus would not return to where it came from. */
export function Dialog({ title, opened, onClose, children }: Props) {
  const words = useWords();
  return (
    <Modal opened={opened} onClose={onClose} centered title={<b>{title}</b>} closeButtonProps={{ "aria-label": words.common.close }}>
      {children}
    </Modal>
  );
}
